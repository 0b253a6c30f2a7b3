//! The compatibility matrix: BullMQ 5 and 6 for Node and BullMQ's port for Python, each as a producer and as a worker beside
//! Toril, on Valkey 9 and on Debian's Redis 7.0. `tests/bull_board.rs` has the dashboard.
//!
//! One test is one cell: a server, a host and a client. The cases of a cell run at the same time, each with a queue of its
//! own, so a cell takes seconds. A cell that fails names the cases that failed and what each of them said.

mod adding;
mod cell;
mod changing;
mod failing;
mod flows;
mod killed;
mod limits;
mod scheduling;
mod sharing;
mod versions;

use toril_tests::Client;

use cell::Server;

/// A module for each cell, with the tests that it has.
macro_rules! cells {
    ($($cell:ident: $client:ident on $server:ident;)*) => {$(
        mod $cell {
            use super::*;

            #[tokio::test]
            async fn toril_works_on_what_the_client_adds_and_changes() {
                let jobs = [adding::cases(), failing::cases(), flows::cases(), scheduling::cases()];
                let cases = [jobs.concat(), changing::cases(), limits::cases()];
                cell::run(Client::$client, Server::$server, cases.concat()).await;
            }

            #[tokio::test]
            async fn toril_and_the_clients_worker_share_queues() {
                cell::run(Client::$client, Server::$server, sharing::cases()).await;
            }

            #[tokio::test]
            async fn toril_runs_the_job_of_a_client_that_was_killed() {
                killed::client(Client::$client, Server::$server).await;
            }

            #[tokio::test]
            async fn the_client_runs_the_job_of_a_host_that_was_killed() {
                killed::host(Client::$client, Server::$server).await;
            }
        }
    )*};
}

cells! {
    bullmq_5_on_valkey_9: BullMq5 on Valkey9;
    bullmq_6_on_valkey_9: BullMq6 on Valkey9;
    python_on_valkey_9: Python on Valkey9;
    bullmq_5_on_redis_7_0: BullMq5 on Redis7_0;
    bullmq_6_on_redis_7_0: BullMq6 on Redis7_0;
    python_on_redis_7_0: Python on Redis7_0;
}
