//! Which spaces are there for me, and how does a new one come here?

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entwine_core::feed::clock::SentClock;
use entwine_core::limits::MESSAGE_BYTES_MAX;
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::sync::relay::may_found_private;
use entwine_core::token::TokenError;
use entwine_core::wire::message::{CreateRequest, Request};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::auth::Caller;
use crate::body;
use crate::config::{Config, Registration};
use crate::error::ApiError;
use crate::gate::Gate;
use crate::session::{self, Session};
use crate::store::{Admission, Created, NewSpace, Store};

/// One chain, whole: a relay that was emptied may get it from a device that came late to it, whose own record stands at its
/// end. Ten years of weekly invitations make 9 MiB of history boxes (70 bytes for each epoch, in each of 520 openings) and
/// less than 2 MiB of everything else.
pub(crate) const CREATE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// `GET /v1/spaces`: the spaces in which the caller is a keyholder now.
pub(super) async fn list(
    request: HttpRequest,
    gate: web::Data<Gate>,
    store: web::Data<dyn Store>,
) -> Result<HttpResponse, ApiError> {
    let _place = gate.enter()?;
    let admitted = gate.known_caller(&request).await?.ok_or(TokenError::UnknownKeyholder)?;
    let lines = store.spaces_of(admitted.caller.keyholder).await?;
    let spaces: Vec<_> = lines
        .iter()
        .map(|line| json!({ "space": line.space, "kind": if line.is_private { "private" } else { "shared" } }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "spaces": spaces })))
}

/// `POST /v1/spaces`: brings the whole chain of a space that the relay may not know. Where it does, this is a sync of records.
pub(super) async fn create(
    request: HttpRequest,
    mut payload: web::Payload,
    config: web::Data<Config>,
    gate: web::Data<Gate>,
    store: web::Data<dyn Store>,
) -> Result<HttpResponse, ApiError> {
    let _place = gate.enter()?;
    let is_long = body::announced(&request).is_none_or(|length| length > MESSAGE_BYTES_MAX as u64);
    let _long_place = is_long.then(|| gate.enter_long()).transpose()?;
    let known = gate.known_caller(&request).await?;
    let brought: CreateRequest = body::read(&request, &mut payload, CREATE_BYTES_MAX, &config.limits).await?;
    let admitted = match known {
        Some(admitted) => admitted,
        None => gate.brought_caller(&request, &brought.records)?,
    };
    let CreateRequest { proof, records } = brought;
    let parsed = spawn_blocking(move || session::parse(&records).map(|chain| (chain, records)));
    let (chain, records) = parsed
        .await
        .map_err(|error| ApiError::Internal(Box::new(error)))?
        .map_err(|error| ApiError::Refused { reason: error.to_string() })?;
    if chain.member(&admitted.caller.keyholder).is_none() {
        return Err(ApiError::NotFound);
    }
    let founding = Founding { chain: &chain, caller: &admitted.caller, config: &config, gate: &gate, store: &**store };
    let status =
        if gate.load(chain.space()).await?.is_none() && founding.found(proof.map(|proof| *proof.as_bytes())).await? {
            StatusCode::CREATED
        } else {
            founding.bring(records).await?;
            StatusCode::OK
        };
    Ok(HttpResponse::build(status).json(json!({ "space": chain.space() })))
}

/// A chain that somebody brings.
struct Founding<'r> {
    chain: &'r MembershipChain,
    caller: &'r Caller,
    config: &'r Config,
    gate: &'r Gate,
    store: &'r dyn Store,
}

impl Founding<'_> {
    /// Creates the space: false where somebody else was faster.
    async fn found(&self, proof: Option<[u8; 32]>) -> Result<bool, ApiError> {
        let mut created = Created::NotAdmitted;
        if let Some(admission) = self.as_member().await? {
            created = self.create(admission).await?;
        }
        if created == Created::NotAdmitted
            && let Some(admission) = self.by_registration(proof).await?
        {
            created = self.create(admission).await?;
        }
        match created {
            Created::Done => Ok(true),
            Created::Exists => Ok(false),
            Created::NotAdmitted if self.config.registration == Registration::Closed => {
                Err(ApiError::RegistrationClosed)
            }
            Created::NotAdmitted => Err(ApiError::RegistrationNeeded),
        }
    }

    /// A member of a shared space here may have a private one beside it, whatever the operator says about new spaces.
    async fn as_member(&self) -> Result<Option<Admission>, ApiError> {
        let SpaceKind::Private { of } = self.chain.kind() else { return Ok(None) };
        let Some((shared, _)) = self.gate.load(of).await? else { return Ok(None) };
        let device = self.caller.keyholder;
        let may = may_found_private(&shared, self.chain, &device);
        Ok(may.then_some(Admission::MemberOf { shared: of, device }))
    }

    async fn by_registration(&self, proof: Option<[u8; 32]>) -> Result<Option<Admission>, ApiError> {
        match self.config.registration {
            Registration::Open => return Ok(Some(Admission::Free)),
            Registration::Closed => return Ok(None),
            Registration::Token => {}
        }
        let Some(proof) = proof else { return Ok(None) };
        let (origin, space) = (&self.caller.aud, self.chain.space());
        if let Some(token) = &self.config.registration_token
            && token.digest().verifies(&proof, origin, &space)
        {
            return Ok(Some(Admission::Free));
        }
        let standing = self.store.standing_tokens().await?;
        let proved = standing.into_iter().find(|(_, digest)| digest.verifies(&proof, origin, &space));
        Ok(proved.map(|(id, _)| Admission::Token(id)))
    }

    async fn create(&self, admission: Admission) -> Result<Created, ApiError> {
        let founder = self.chain.keyholders()[0].person;
        let new = NewSpace {
            space: self.chain.space(),
            kind: self.chain.kind(),
            founder,
            records: self.chain.records().iter().map(session::new_record).collect(),
            keyholders: self.chain.keyholders().iter().map(session::keyholder_line).collect(),
            admission,
            now: self.gate.now(),
        };
        Ok(self.store.create(new).await?)
    }

    /// Brings the records to a space that is there. A caller who is none of its keyholders, but one of the chain's that it
    /// brings, is on a branch that this relay does not follow.
    async fn bring(&self, records: Vec<Vec<u8>>) -> Result<(), ApiError> {
        let clock = SentClock { chain_len: self.chain.len(), chain_head: self.chain.head(), ..SentClock::empty() };
        let request = Request::bringing(clock, records);
        let session = Session {
            caller: self.caller.keyholder,
            now: self.gate.now(),
            space: self.chain.space(),
            space_bytes_max: self.gate.space_bytes_max(),
            line: None,
        };
        match session.exchange(self.gate, request).await {
            Ok(_) => Ok(()),
            Err(ApiError::NotFound) => Err(ApiError::ChainsDiffer),
            Err(error) => Err(error),
        }
    }
}
