//! A slip and the message that it is about, in; a report, out.

use crate::note::content::decode_once;
use crate::note::slip::{Rebuilt, Slip, SlipError, rebuild};

use super::{Part, Parts, Report, claims, log_checks, post_checks, subject};
use crate::verify::check::{Check, fails, holds, not_checked};

/// Rebuilds what a slip and a message commit to.
///
/// Both may be as a person saved them: with a line end at the end, with `&lt; &gt; &amp;` as the platform writes them,
/// and the message with full links where the slip says what the short ones lead to. However many forms are tried, only
/// the text that was sealed has the SHA-256 in the slip.
///
/// # Errors
/// [`SlipError::Form`]. A message that does not fit is in the report.
pub fn slip(slip: &str, message: &str) -> Result<Report, SlipError> {
    let slip = without_end(slip);
    let decoded = decode_once(slip);
    let slip = if Slip::parse(&decoded).is_ok() { &decoded } else { slip };
    let read = Slip::parse(slip)?;
    let as_given = rebuild(slip, message);
    let rebuilt = match as_given {
        Ok(rebuilt) => Ok(rebuilt),
        Err(error) => variants(&read, message).iter().find_map(|text| rebuild(slip, text).ok()).ok_or(error),
    };
    Ok(report(read, rebuilt))
}

fn without_end(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

/// The texts that a person may have saved as this text.
fn variants(slip: &Slip, message: &str) -> Vec<String> {
    let line = message.strip_suffix('\n').unwrap_or(message);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let plain = [message.to_owned(), line.to_owned(), decode_once(line), line.replace("\r\n", "\n")];
    let shortened = plain.iter().map(|text| shorten(slip, text)).collect::<Vec<_>>();
    plain.into_iter().chain(shortened).collect()
}

/// Replaces each full link, in order, by the short one.
fn shorten(slip: &Slip, text: &str) -> String {
    let (mut shortened, mut rest) = (String::new(), text);
    for (short, target) in &slip.header.links {
        if let Some((before, after)) = rest.split_once(target.as_str()) {
            shortened = shortened + before + short;
            rest = after;
        }
    }
    shortened + rest
}

fn report(slip: Slip, rebuilt: Result<Rebuilt, SlipError>) -> Report {
    let envelope = slip.envelope;
    let mut checks =
        vec![holds("slip", format!("it is of its form, by {} for note {}", envelope.from.name, envelope.note))];
    let mut parts = Parts { note: envelope.note, commitment: Some(envelope.commitment()), ..Parts::default() };
    checks.push(match &rebuilt {
        Ok(rebuilt) => {
            let len = rebuilt.content.text_len().unwrap_or_default();
            holds("content", format!("{len} bytes of text: the content has the SHA-256 that the slip's envelope says"))
        }
        Err(error) => fails("content", error.to_string().lines().next().unwrap_or_default()),
    });
    parts.envelope = Part::Read(envelope);
    checks.extend([log_checks::envelope(&parts), post_checks::time(&parts)]);
    checks.extend(post_checks::beacon(&parts));
    checks.extend([not_checked("post", post_to_compare(&parts)), whose()]);
    let claims = claims::all(&parts, &checks);
    let next = post_to_compare(&parts);
    Report::of_checks(subject(&parts), checks, claims).with_next(next)
}

/// What to compare with the post. Only the post binds somebody to it.
fn post_to_compare(parts: &Parts) -> String {
    let Some(envelope) = parts.envelope.get() else { return "the envelope cannot be read".to_owned() };
    let (note, name, log) = (envelope.note, &envelope.from.name, &envelope.log);
    let hash = envelope.commitment();
    format!(
        "compare: the post \"Sealed note {note}\" must be by @{name}, and say sha256 {hash}; if it carries a run of notes, the line \
         of note {note} in the log {log} must"
    )
}

fn whose() -> Check {
    not_checked(
        "message",
        "that it came in the same conversation from the same account: only who received both can see that",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::slip::tests::{MESSAGE, note};

    fn text() -> String {
        let (envelope, content) = note();
        Slip::of(envelope, &content).unwrap().to_text().unwrap()
    }

    #[test]
    fn what_was_sealed_is_found_however_it_was_saved() {
        let written = MESSAGE.replace("https://t.co/abc", "https://example.org/?a=1&lt;=2@me");
        let encoded = MESSAGE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        for message in [MESSAGE, &format!("{MESSAGE}\n"), &format!("{MESSAGE}\r\n"), &written, &encoded] {
            for slip_text in [text(), text() + "\n", text().replace('<', "&lt;")] {
                let report = slip(&slip_text, message).unwrap();
                assert_eq!(report.exit_status(), 4, "{report}");
                let subject = report.subject.unwrap();
                assert_eq!(subject.commitment, note().0.commitment().to_string());
            }
        }
    }

    #[test]
    fn another_message_fails_and_is_not_repeated() {
        let report = slip(&text(), &MESSAGE.replace("Sirs", "sirs")).unwrap();
        assert_eq!(report.failing().collect::<Vec<_>>(), ["content"], "{report}");
        assert!(!report.to_string().contains("sirs") && report.claims.iter().all(|claim| claim.shown.is_empty()));
        assert!(matches!(slip("verbale slip v1\n", MESSAGE), Err(SlipError::Form(_))));
    }
}
