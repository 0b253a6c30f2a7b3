//! The grant `postgres`: connections to the databases of a plugin's entry, through `toril:plugin/postgres`. The host
//! opens, resets and closes the connections. A plugin borrows them, and never sees an address or a password.
//!
//! | module | holds |
//! | --- | --- |
//! | `prepared` | the pools, once per configuration entry |
//! | `observer` | metrics of a pool |
//! | `host` | the host functions |
//! | `values` | conversions between the interface and `toril-postgres` |

mod host;
mod observer;
mod prepared;
mod values;

use toril_postgres::Borrower;
use wasmtime::component::{HasData, Linker, ResourceTable};

pub use prepared::{PoolProblem, PoolStatus, Prepared};

use crate::current_job::CurrentJob;
use crate::interface::{BorrowedConnection, OpenCursor, PendingCall, postgres};

/// The interface that uses this grant.
pub const INTERFACE: &str = "toril:plugin/postgres";
/// The line in the plugin's entry.
pub const LINE: &str = "postgres.main.url = \"env:…\"   # the connection string of each pool that it uses";

/// The state of the grant in one pen.
pub struct InPen {
    /// The attempt that runs in the pen. The host's limits of memory apply to all its connections together.
    borrower: Borrower,
}

impl InPen {
    /// The state for this job.
    pub fn new(job: &CurrentJob) -> Self {
        Self { borrower: Borrower::new(job.deadline, job.tasks.clone()) }
    }
}

/// What a call uses of a pen.
pub struct View<'a> {
    pub grant: &'a Prepared,
    pub pen: &'a InPen,
    pub table: &'a mut ResourceTable,
    pub job: &'a CurrentJob,
}

/// The data of a store whose guest may use PostgreSQL.
pub trait PostgresHost: Send + 'static {
    /// What a call uses of it.
    fn postgres(&mut self) -> View<'_>;
}

struct HasPostgres;

impl HasData for HasPostgres {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: PostgresHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    postgres::add_to_linker::<T, HasPostgres>(linker, T::postgres)
}

/// Gives the connections back that a guest still holds at the end of its attempt. Their calls are cancelled, and
/// further calls on them fail, also in the next attempt of the same pen. Nothing has to wait for the reset of the
/// sessions: the pool lends a session only after its reset.
pub fn end_attempt(table: &mut ResourceTable) {
    for held in table.iter_mut() {
        if let Some(held) = held.downcast_mut::<BorrowedConnection>() {
            held.connection = None;
        } else if let Some(held) = held.downcast_mut::<OpenCursor>() {
            held.cursor = None;
        } else if let Some(held) = held.downcast_mut::<PendingCall>() {
            host::abandon(held);
        }
    }
}
