//! The attacks on PostgreSQL and on other attempts through it: the second part of the list in `main.rs`.

use crate::case::cases;
use crate::databases;

cases! {
    another_plugins_pool => databases::another_plugins_pool {
        "using the PostgreSQL pool of another plugin",
        "a plugin has the pools of its own entry alone",
        "denied: plugin hostile has no PostgreSQL pool \"ledger\": add `url = \"env:…\"` under [plugins.hostile.postgres.ledger] in the configuration to allow it"
    }
    an_open_transaction => databases::an_open_transaction {
        "leaving a transaction open that holds a lock",
        "the end of an attempt rolls back",
        "0 rows"
    }
    another_role_for_the_next_pen => databases::another_role {
        "leaving another role, `search_path` and settings in the session",
        "the session is reset before the next attempt gets it",
        "app, \"$user\", public, "
    }
    locks_and_tables_for_the_next_pen => databases::locks_and_tables {
        "leaving advisory locks, temporary tables, prepared statements, a `LISTEN` and a cursor in the session",
        "the session is reset before the next attempt gets it",
        "0 none 0 0 0"
    }
    several_statements_in_one => databases::several_statements {
        "a statement that contains a second one, such as an injected one",
        "`query` prepares exactly one statement. Only `batch` runs several",
        "database 42601: cannot insert multiple commands into a prepared statement (SQLSTATE 42601)"
    }
    copying => databases::copying {
        "`COPY`, which sends data without limits",
        "the host refuses it in both directions",
        "invalid: PostgreSQL pool main of plugin hostile: COPY to or from the client is not supported. Use INSERT or SELECT"
    }
    a_huge_row => databases::a_huge_row {
        "reading a row of 200 MB, or one that is announced with 1 GB",
        "`max_bytes` of the pool, by the length that the server announces",
        "too-large: PostgreSQL pool main of plugin hostile: a row has … bytes, which is more than max_bytes. The host closed the connection"
    }
    many_rows => databases::many_rows {
        "reading ten million rows at once",
        "`max_rows` and `max_bytes` of the pool",
        "too-large: PostgreSQL pool main of plugin hostile: the answer has more than 10000 rows (max_rows). Read it in portions with a cursor, or ask for less"
    }
    an_endless_statement => databases::an_endless_statement {
        "a statement that computes for ever",
        "`statement_timeout` of the pool: the host cancels it on the server",
        "timeout: PostgreSQL pool main of plugin hostile: the statement ran longer than 1s (statement_timeout), and the host cancelled it"
    }
    an_endless_statement_of_an_ended_attempt => databases::an_endless_statement_of_an_attempt_that_ends {
        "the same where the pool allows an hour",
        "`timeout` of the queue: the host cancels the statement with the attempt",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    all_connections_at_once => databases::all_connections {
        "borrowing a hundred connections at once",
        "16 connections of one attempt, and `connections` of the pool. Other plugins have pools of their own",
        "invalid: the attempt holds 16 connections, and may hold no more: drop one"
    }
    writing_to_a_read_only_pool => databases::writing_to_a_read_only_pool {
        "writing through a pool with `read_only`, also after leaving the read-only state",
        "transactions are read-only",
        "database 25006: cannot execute INSERT in a read-only transaction (SQLSTATE 25006)"
    }
    lying_servers => databases::lying_servers {
        "servers that send wrong lengths, rows, notices or settings without end, or ask for two thousand million rounds of a hash",
        "limits of each message and each call",
        "the call fails, and jobs of the other queue complete"
    }
}
