//! `/2/users/…`

use axum::Extension;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::query::{Kind, Pairs, Parameters};
use super::{AppState, Caller};
use crate::base::ids::AccountId;
use crate::sandbox::shapes;
use crate::sandbox::world::{Refusal, World};

/// `GET /2/users/me`
pub(super) async fn me(State(state): State<AppState>, Extension(caller): Extension<Caller>, pairs: Pairs) -> Answer {
    answer_for(&state, caller, pairs, ("id", caller.0.to_string()), |_| Ok(caller.0))
}

/// `GET /2/users/by/username/{username}`
pub(super) async fn by_name(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    pairs: Pairs,
) -> Answer {
    let missing = Refusal::NotFound { kind: "user", parameter: "username", value: name.clone() };
    let named = ("username", name.clone());
    answer_for(&state, caller, pairs, named, |world| {
        world.user_by_name(&name).map(|user| user.account.id).ok_or(missing)
    })
}

/// `GET /2/users/{id}`
pub(super) async fn by_id(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    pairs: Pairs,
) -> Answer {
    let id = account_id(&id)?;
    answer_for(&state, caller, pairs, ("id", id.to_string()), |_| Ok(id))
}

fn answer_for(
    state: &AppState,
    Caller(caller): Caller,
    Query(pairs): Pairs,
    (parameter, value): (&'static str, String),
    who: impl FnOnce(&World) -> Result<AccountId, Refusal>,
) -> Answer {
    let mut parameters = Parameters::new(pairs)?;
    state.world.with(|world, now| {
        let asked = parameters.asked(world.settings.vocabulary, Kind::User)?;
        parameters.end()?;
        let read = |world: &World| -> Result<(AccountId, Value), Refusal> {
            let id = who(world)?;
            let missing = Refusal::NotFound { kind: "user", parameter: "id", value: id.to_string() };
            let user = world.user(id).ok_or(missing)?;
            if user.is_suspended {
                return Err(Refusal::Suspended { parameter, value });
            }
            let mut data = shapes::user(user, &asked);
            shapes::add_relation(world, id, caller, &asked, &mut data);
            Ok((id, json!({ "data": data })))
        };
        let found = read(world).map(|(id, body)| {
            world.bill_user(now, id);
            body
        });
        answer::found(found)
    })
}

/// An account's identifier in a path.
pub(super) fn account_id(text: &str) -> Result<AccountId, Refusal> {
    AccountId::parse(text).ok_or_else(|| super::query::invalid("id", text, "it is not an identifier"))
}
