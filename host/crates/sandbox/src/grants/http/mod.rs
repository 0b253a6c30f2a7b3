//! The grant `http`: outgoing requests of a plugin, through `wasi:http`. Requests may go only to the origins in the
//! plugin's entry, only to addresses that those origins may lead to, and only to the exact address that was checked.
//!
//! | module | holds |
//! | --- | --- |
//! | `prepared` | the grant and its limits, once per plugin version |
//! | `egress` | checks each request of one pen |
//! | `route` | what an allowed request may use |
//! | `placeholder` | secrets that a plugin may send but not read |
//! | `rate`, `failures` | limits per plugin |
//! | `unsent` | limits what requests hold in the host before they are sent |
//! | `request_options` | frees the options of sent requests |
//! | `transport`, `send` | sends allowed requests |
//! | `connect`, `connection` | one connection, and the task that drives it |
//! | `connections`, `keep_alive` | the idle connections of a plugin, and for how long they are kept |
//! | `body` | bodies, whose ends free a connection for another request |
//! | `recorder`, `tape` | records requests, and answers from a recording, in tests of a plugin |

mod body;
mod connect;
mod connection;
mod connections;
mod egress;
mod failures;
mod keep_alive;
mod placeholder;
mod prepared;
mod rate;
mod recorder;
mod request_options;
mod route;
mod send;
mod tape;
mod transport;
mod unsent;

use std::sync::Arc;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView};

pub use prepared::Prepared;
pub use recorder::{Recorder, Replayer};
pub use route::Route;
pub use tape::{Exchange, RecordedBody, RecordedRequest, RecordedResponse, Tape, TapeError};
pub use transport::{Network, SendResult, Transport};
pub use unsent::{HttpHost, Unsent};

use crate::current_job::CurrentJob;
use crate::limits;
use egress::Egress;

/// The interface that uses this grant.
pub const INTERFACE: &str = "wasi:http/outgoing-handler";
/// The line in the plugin's entry.
pub const LINE: &str = "http = [\"https://…\"]        # every origin that it sends requests to";

/// The state of the grant in one pen.
pub struct InPen {
    context: WasiHttpCtx,
    /// Belongs to the pen and not to the job: a guest may keep a message, and so its body, from one job to the next.
    unsent: Unsent,
    egress: Egress,
}

impl InPen {
    /// The state for a pen that runs this job first.
    pub fn new(prepared: &Arc<Prepared>, job: &CurrentJob) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(limits::HTTP_FIELDS);
        Self { context, unsent: Unsent::default(), egress: Egress::new(prepared.clone(), job) }
    }

    /// Resets the state for the next job.
    pub fn begin(&mut self, prepared: &Arc<Prepared>, job: &CurrentJob) {
        self.egress = Egress::new(prepared.clone(), job);
    }

    /// Whether no request is running, and no response is left to read.
    pub async fn is_quiet(&mut self) -> bool {
        self.egress.is_quiet().await
    }

    /// What a call of `wasi:http` uses.
    pub fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { ctx: &mut self.context, table, hooks: &mut self.egress }
    }

    /// The count of unsent bytes.
    pub fn unsent(&self) -> Unsent {
        self.unsent.clone()
    }
}

/// Links the interfaces.
pub fn link<T: HttpHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    unsent::link(linker)?;
    request_options::link(linker)
}
