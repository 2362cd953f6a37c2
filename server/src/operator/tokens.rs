//! Who may found spaces here? Makes, lists and revokes registration tokens, also while the relay runs.

use std::fmt::Write as _;

use entwine_core::registration::RegistrationToken;
use entwine_core::time::Timestamp;
use getrandom::SysRng;
use rand_core::UnwrapErr;

use crate::config::TokensCommand;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::store::{Store, StoreError, TokenLine};

/// Why a command is not done. Messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database failed.
    #[error("the database did not do it")]
    Store(#[from] StoreError),
    /// There is no such token.
    #[error("no token that stands has the id {0}: `entwine-relay tokens list` shows all")]
    Unknown(String),
}

/// Does a command: the text for the operator's eyes.
///
/// # Errors
/// Why it is not done.
pub async fn run(command: TokensCommand, now: Timestamp) -> Result<String, TokensError> {
    let (TokensCommand::New(data) | TokensCommand::List(data) | TokensCommand::Revoke { data, .. }) = &command;
    let store = SqliteStore::open_beside(&data.data, now).await?;
    let done = carry_out(&store, command, now).await;
    store.close().await;
    done
}

async fn carry_out(store: &dyn Store, command: TokensCommand, now: Timestamp) -> Result<String, TokensError> {
    match command {
        TokensCommand::New(_) => {
            let token = RegistrationToken::make_random(&mut UnwrapErr(SysRng));
            let text = format!("registration token: {}\n", token.reveal());
            let id = store.add_token(token, false, now).await?;
            Ok(format!("{text}id: {id}\n"))
        }
        TokensCommand::List(_) => Ok(table(&store.tokens().await?)),
        TokensCommand::Revoke { id, .. } => {
            if store.revoke_token(id.clone(), now).await? {
                Ok(format!("revoked: {id}\n"))
            } else {
                Err(TokensError::Unknown(id))
            }
        }
    }
}

fn table(tokens: &[TokenLine]) -> String {
    let mut text = format!("{:<8}  {:<20}  {:<20}  {}\n", "id", "made", "first used", "revoked");
    for TokenLine { id, created_at, used_at, revoked_at } in tokens {
        let [made, used, revoked] = [Some(*created_at), *used_at, *revoked_at].map(date);
        writeln!(text, "{id:<8}  {made:<20}  {used:<20}  {revoked}").expect("writing to a String cannot fail");
    }
    text
}

fn date(moment: Option<Timestamp>) -> String {
    let seconds = moment.and_then(|moment| i64::try_from(moment.as_seconds()).ok());
    let shown = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    shown.map_or_else(|| "-".to_owned(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DataArgs;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[tokio::test]
    async fn a_token_is_made_listed_and_revoked_beside_a_running_relay() {
        let folder = tempfile::tempdir().unwrap();
        let relay = SqliteStore::open(folder.path(), NOW).await.unwrap();
        let data = || DataArgs { data: folder.path().to_owned() };

        let made = run(TokensCommand::New(data()), NOW).await.unwrap();
        let lines: Vec<&str> = made.lines().collect();
        let token = lines[0].strip_prefix("registration token: ").unwrap();
        let id = lines[1].strip_prefix("id: ").unwrap();
        let standing = relay.standing_tokens().await.unwrap();
        assert_eq!(standing, [(id.to_owned(), RegistrationToken::new(token).digest())]);

        let listed = run(TokensCommand::List(data()), NOW).await.unwrap();
        assert!(listed.contains(&format!("{id}  2027-01-15T08:00:00Z  -")), "{listed}");
        assert!(!listed.contains(token));

        let revoke = || TokensCommand::Revoke { id: id.to_owned(), data: data() };
        assert_eq!(run(revoke(), NOW).await.unwrap(), format!("revoked: {id}\n"));
        assert_eq!(relay.standing_tokens().await.unwrap(), []);
        assert!(matches!(run(revoke(), NOW).await, Err(TokensError::Unknown(_))), "only once");
        relay.close().await;
    }
}
