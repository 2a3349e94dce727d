//! What X has been seen to answer, and what it means.

use super::*;

fn classify(endpoint: Endpoint, status: u16, body: &[u8]) -> Failure {
    super::classify(endpoint, Some("783214"), status, body)
}

fn classify_errors(endpoint: Endpoint, errors: &[&RawValue]) -> Failure {
    super::classify_errors(endpoint, Some("783214"), errors)
}

fn known(endpoint: Endpoint, status: u16, body: &str) -> Error {
    match classify(endpoint, status, body.as_bytes()) {
        Failure::Known(error) => error,
        other => panic!("{other:?}"),
    }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn remedy(endpoint: Endpoint, status: u16, body: &str) -> String {
    match known(endpoint, status, body) {
        Error::NeedsPerson { remedy, .. } => remedy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rate_and_usage_cap_are_told_apart() {
    for body in [
        r#"{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}"#,
        r#"{"title":"Too Many Requests","type":"https://api.x.com/2/problems/rate-limit-exceeded"}"#,
        r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
        "<html>slow down</html>",
        "",
    ] {
        for endpoint in [Endpoint::Post, Endpoint::Messages] {
            assert!(matches!(classify(endpoint, 429, body.as_bytes()), Failure::TooMany { .. }), "{body}");
        }
    }
    let capped = r#"{"account_id":1,"product_name":"x","title":"UsageCapExceeded","period":"Monthly","scope":"Product",
        "detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}"#;
    assert_eq!(remedy(Endpoint::Post, 429, capped), REMEDY_CAP);
    assert_eq!(remedy(Endpoint::Messages, 429, r#"{"title":"UsageCapExceeded"}"#), REMEDY_CAP);
}

#[test]
fn both_shapes_of_402_call_a_person() {
    for body in [
        r#"{"account_id":7,"title":"CreditsDepleted","detail":"Your enrolled account [7] does not have any credits to fulfill this request.","type":"https://api.twitter.com/2/problems/credits"}"#,
        r#"{"detail":"credits depleted","status":402,"title":"Payment Required","type":"https://api.x.com/2/problems/credits-depleted"}"#,
        "",
    ] {
        assert_eq!(remedy(Endpoint::Post, 402, body), REMEDY_CREDITS);
        assert_eq!(remedy(Endpoint::Messages, 402, body), REMEDY_CREDITS);
    }
}

#[test]
fn a_duplicate_is_one_only_when_posting() {
    let live = r#"{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","title":"Forbidden","status":403}"#;
    let legacy = r#"{"errors":[{"code":187,"message":"Status is a duplicate."}]}"#;
    assert_eq!(known(Endpoint::Post, 403, live), Error::Duplicate);
    assert_eq!(known(Endpoint::Post, 403, legacy), Error::Duplicate);
    assert!(matches!(known(Endpoint::Messages, 403, live), Error::Refused { .. }));
}

#[test]
fn the_other_403_say_what_to_do() {
    let problem =
        |kind: &str| format!(r#"{{"title":"Forbidden","detail":"…","type":"https://api.x.com/2/problems/{kind}"}}"#);
    assert_eq!(remedy(Endpoint::Post, 403, &problem("user-suspended")), REMEDY_SUSPENDED);
    assert_eq!(remedy(Endpoint::Post, 403, r#"{"errors":[{"code":64,"message":"x"}]}"#), REMEDY_SUSPENDED);
    assert_eq!(remedy(Endpoint::Post, 403, &problem("client-forbidden")), REMEDY_ENROL);
    assert_eq!(remedy(Endpoint::Post, 403, &problem("client-not-enrolled")), REMEDY_ENROL);
    let reason = r#"{"reason":"client-not-enrolled","title":"Client Forbidden","type":"about:blank"}"#;
    assert_eq!(remedy(Endpoint::Messages, 403, reason), REMEDY_ENROL);
    assert_eq!(remedy(Endpoint::Messages, 403, &problem("oauth1-permissions")), REMEDY_RIGHTS);
    let reply = r#"{"detail":"Reply to this conversation is not allowed because you have not been mentioned","type":"about:blank","title":"Forbidden","status":403}"#;
    assert!(matches!(known(Endpoint::Post, 403, reply), Error::ReplyRefused { .. }));
}

#[test]
fn without_an_answer_of_the_api_a_post_may_have_happened() {
    let unavailable =
        r#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}"#;
    for (status, body) in
        [(503, unavailable), (500, ""), (502, "<html>"), (403, "<html>"), (404, ""), (302, ""), (408, "{}")]
    {
        assert!(matches!(known(Endpoint::Post, status, body), Error::NoAnswer { .. }), "{status} {body}");
        assert!(matches!(known(Endpoint::ReadPost, status, body), Error::Unavailable { .. }), "{status} {body}");
    }
}

#[test]
fn trouble_inside_x_is_no_refusal() {
    let body = r#"{"errors":[{"code":131,"message":"Internal error"}]}"#;
    assert!(matches!(known(Endpoint::Post, 400, body), Error::NoAnswer { .. }));
    assert!(matches!(known(Endpoint::Me, 400, body), Error::Unavailable { .. }));
}

#[test]
fn absent_is_only_what_x_calls_absent() {
    let absent = r#"{"title":"Not Found Error","detail":"Could not find tweet","type":"https://api.twitter.com/2/problems/resource-not-found","resource_type":"tweet","value":"783214","resource_id":"783214"}"#;
    assert_eq!(classify(Endpoint::ReadPost, 404, absent.as_bytes()), Failure::Absent);
    assert_eq!(classify_errors(Endpoint::ReadPost, &[&raw(absent)]), Failure::Absent);
    for other in [
        absent.replace("783214", "5"),
        absent.replace("tweet\"", "user\""),
        absent.replace(r#","value":"783214","resource_id":"783214""#, ""),
        absent.replace(r#""value":"783214""#, r#""value":"5""#),
    ] {
        let unsaid = |failure| matches!(failure, Failure::Known(Error::Unavailable { .. }));
        assert!(unsaid(classify(Endpoint::ReadPost, 404, other.as_bytes())), "{other}");
        assert!(unsaid(classify_errors(Endpoint::ReadPost, &[&raw(&other)])), "{other}");
    }
    let number = absent.replace(r#""783214""#, "783214");
    assert_eq!(classify(Endpoint::ReadPost, 404, number.as_bytes()), Failure::Absent);
    let hidden = raw(r#"{"type":"https://api.x.com/2/problems/not-authorized-for-resource"}"#);
    assert!(matches!(classify_errors(Endpoint::ReadPost, &[&hidden]), Failure::Known(Error::Refused { .. })));
    assert!(matches!(classify_errors(Endpoint::ReadPost, &[]), Failure::Known(Error::Unavailable { .. })));
}

#[test]
fn what_x_says_is_cleaned_and_cut() {
    let body = format!(r#"{{"title":"Bad\u001b[31m","detail":"{}","type":"about:blank"}}"#, "x".repeat(5000));
    let Error::Refused { what } = known(Endpoint::Post, 400, &body) else { panic!() };
    assert!(what.starts_with("POST /2/tweets: status 400, Bad [31m, xxx"), "{what}");
    assert_eq!(what.chars().count(), QUOTE_CHARS_MAX);
}

#[test]
fn only_persistent_refusal_of_credentials_calls_a_person() {
    let at = |minute: i64| Time::from_ms(1_764_000_000_000 + minute * 60_000);
    let body = r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
    assert!(matches!(classify(Endpoint::Me, 401, body.as_bytes()), Failure::Unauthorized { .. }));
    let mut refusals = Refusals::default();
    let mut refuse =
        |minute| matches!(refusals.refused("401".to_owned(), at(minute), Some(at(minute))), Error::NeedsPerson { .. });
    assert!((0..10).all(|_| !refuse(0)), "a burst is no proof");
    assert!(!refuse(29));
    assert!(refuse(30));
    refusals.accepted();
    assert!(matches!(refusals.refused("401".to_owned(), at(31), None), Error::Unavailable { .. }));
    let off = refusals.refused("401".to_owned(), at(31), Some(at(60 * 24)));
    assert!(matches!(off, Error::WrongClock { .. }));
}

#[test]
fn a_reply_that_is_not_allowed_is_told_apart_from_other_refusals() {
    for body in [
        r#"{"detail":"Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.","type":"about:blank","title":"Forbidden","status":403}"#,
        r#"{"detail":"You attempted to reply to a Tweet that is deleted or not visible to you.","type":"about:blank","title":"Forbidden","status":403}"#,
        r#"{"errors":[{"code":385,"message":"You attempted to reply to a Tweet that is deleted or not visible to you."}]}"#,
        r#"{"errors":[{"code":433,"message":"The original Tweet author restricted who can reply to this Tweet."}]}"#,
    ] {
        assert!(matches!(known(Endpoint::Post, 403, body), Error::ReplyRefused { .. }), "{body}");
        assert!(matches!(known(Endpoint::Mentions, 403, body), Error::Refused { .. }), "{body}");
    }
    let other = r#"{"detail":"You may not do this on Sundays.","type":"about:blank","title":"Forbidden","status":403}"#;
    assert!(matches!(known(Endpoint::Post, 403, other), Error::Refused { .. }));
}

#[test]
fn a_text_too_long_is_told_apart() {
    let short = r#"{"errors":[{"code":186,"message":"Tweet needs to be a bit shorter."}]}"#;
    assert!(matches!(known(Endpoint::Post, 403, short), Error::TooLong { .. }));
    let message = r#"{"type":"https://api.x.com/2/problems/dm-text-too-long","title":"Bad Request","detail":"marked"}"#;
    assert!(matches!(known(Endpoint::Send, 400, message), Error::TooLong { what } if !what.contains("marked")));
}

#[test]
fn the_problems_of_messages_are_sorted_by_what_can_be_done() {
    let problem =
        |kind: &str| format!(r#"{{"type":"https://api.x.com/2/problems/{kind}","title":"marked","detail":"marked"}}"#);
    for kind in ["dm-sender-encrypted-unavailable", "dm-recipient-encrypted-unavailable"] {
        assert_eq!(remedy(Endpoint::Send, 403, &problem(kind)), REMEDY_ENCRYPTED);
    }
    for kind in ["dm-recipient-not-accepting", "dm-recipient-blocks-sender", "dm-sender-not-permitted", "dm-bad-media"]
    {
        let error = known(Endpoint::Send, 403, &problem(kind));
        assert!(
            matches!(&error, Error::Refused { what } if what.ends_with(kind) && !what.contains("marked")),
            "{error:?}"
        );
    }
    for kind in ["dm-not-delivered", "dm-request-in-progress"] {
        assert!(matches!(known(Endpoint::Send, 409, &problem(kind)), Error::NoAnswer { .. }), "{kind}");
    }
    assert_eq!(known(Endpoint::Send, 403, &problem("dm-duplicate")), Error::Duplicate);
    for kind in ["dm-rate-limited", "dm-safety-limited"] {
        assert!(matches!(classify(Endpoint::Send, 403, problem(kind).as_bytes()), Failure::TooMany { .. }), "{kind}");
    }
}

/// The remedy of a refusal that may pass.
fn doubt(endpoint: Endpoint, status: u16, body: &str) -> String {
    match known(endpoint, status, body) {
        Error::Doubtful { remedy, .. } => remedy,
        other => panic!("{body} {other:?}"),
    }
}

#[test]
fn a_refusal_that_has_been_seen_to_pass_is_tried_again() {
    let code = |code: u32| format!(r#"{{"errors":[{{"code":{code},"message":"Please try again later."}}]}}"#);
    for endpoint in [Endpoint::Post, Endpoint::Send, Endpoint::Messages, Endpoint::Mentions] {
        assert_eq!(doubt(endpoint, 403, &code(226)), REMEDY_AUTOMATED);
        assert_eq!(doubt(endpoint, 403, &code(344)), REMEDY_DAY);
        assert!([87, 220, 453].iter().all(|number| doubt(endpoint, 403, &code(*number)) == REMEDY_LEVEL));
        let permitted = r#"{"detail":"You are not permitted to perform this action.","type":"about:blank","title":"Forbidden","status":403}"#;
        let bare = r#"{"title":"Forbidden","detail":"Forbidden","type":"about:blank","status":403}"#;
        for body in ["{}", permitted, bare, r#"{"errors":[]}"#, r#"{"errors":"no"}"#, r#"{"detail":"\ud83d"}"#] {
            assert_eq!(doubt(endpoint, 403, body), REMEDY_NO_REASON, "{body}");
        }
    }
    assert_eq!(
        doubt(Endpoint::Messages, 404, r#"{"title":"Not Found","detail":"Not Found","status":404}"#),
        REMEDY_NO_REASON
    );
    let safety = r#"{"type":"https://api.x.com/2/problems/dm-safety-rejected","title":"x","detail":"x"}"#;
    assert_eq!(doubt(Endpoint::Send, 403, safety), REMEDY_AUTOMATED);
}

#[test]
fn a_refusal_of_what_was_asked_is_final() {
    let bare = r#"{"title":"Bad Request","detail":"Bad Request","type":"about:blank","status":400}"#;
    assert!(matches!(known(Endpoint::Post, 400, bare), Error::Refused { .. }));
    for code in [34, 50, 108, 144, 150, 151, 170, 179, 324, 349, 386] {
        let body = format!(r#"{{"errors":[{{"code":{code},"message":"no"}}]}}"#);
        assert!(matches!(known(Endpoint::Send, 403, &body), Error::Refused { .. }), "{code}");
    }
}

#[test]
fn the_suspension_of_another_account_is_not_our_own() {
    let other = r#"{"value":"783214","detail":"User has been suspended: [783214].","title":"Forbidden","resource_type":"user","parameter":"id","resource_id":"783214","type":"https://api.twitter.com/2/problems/resource-not-found"}"#;
    let old = r#"{"errors":[{"code":63,"message":"User has been suspended."}]}"#;
    for endpoint in [Endpoint::UserById, Endpoint::UserByName] {
        assert_eq!(classify_errors(endpoint, &[&raw(other)]), Failure::Suspended);
        let unnamed = known(endpoint, 403, old);
        assert!(matches!(unnamed, Error::Unavailable { .. }), "it may be any account's: {unnamed:?}");
    }
    for body in [other, old] {
        assert_eq!(doubt(Endpoint::Send, 403, body), REMEDY_RECIPIENT);
        assert_eq!(doubt(Endpoint::Post, 403, body), REMEDY_OTHER);
        let Error::Doubtful { what, .. } = known(Endpoint::Send, 403, body) else { panic!() };
        assert!(what.ends_with("X has suspended the recipient") && !what.contains("783214"), "{what}");
    }
    let away = r#"{"type":"https://api.x.com/2/problems/dm-recipient-unavailable","title":"x","detail":"x"}"#;
    assert_eq!(doubt(Endpoint::Send, 403, away), REMEDY_RECIPIENT);
    let own = r#"{"detail":"The user used for authentication is suspended","title":"Forbidden","status":403,"type":"https://api.twitter.com/2/problems/user-suspended"}"#;
    for endpoint in [Endpoint::UserById, Endpoint::Send, Endpoint::Post] {
        assert_eq!(remedy(endpoint, 403, own), REMEDY_SUSPENDED);
    }
}

#[test]
fn what_is_refused_of_a_later_page_is_its_place() {
    let invalid = r#"{"errors":[{"parameters":{"pagination_token":["x"]},"message":"The `pagination_token` query parameter value [x] is not valid"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}"#;
    for body in [invalid, "{}"] {
        let failure = classify(Endpoint::Messages, 400, body.as_bytes());
        assert!(matches!(failure.clone(), Failure::Known(Error::Refused { .. })), "{body}");
        assert!(matches!(failure.of_place(400), Failure::Known(Error::TokenRefused { .. })), "{body}");
    }
    assert!(
        matches!(Failure::Absent.of_place(404), Failure::Known(Error::TokenRefused { .. })),
        "its first page was there"
    );
    let scope = r#"{"title":"Forbidden","type":"https://api.x.com/2/problems/not-authorized-for-resource"}"#;
    let failure = classify(Endpoint::Messages, 403, scope.as_bytes());
    assert_eq!(failure.clone().of_place(403), failure, "another refusal is no matter of the place");
}

#[test]
fn a_problem_is_read_however_odd_its_other_parts_are() {
    for body in [
        r#"{"type":"https://api.x.com/2/problems/usage-capped","detail":"\ud83d","title":5}"#,
        r#"{"type":"https://api.x.com/2/problems/usage-capped","errors":"none","title":null}"#,
        r#"{"errors":{"type":"https://api.x.com/2/problems/usage-capped"}}"#,
    ] {
        assert_eq!(remedy(Endpoint::Post, 429, body), REMEDY_CAP, "{body}");
    }
}
