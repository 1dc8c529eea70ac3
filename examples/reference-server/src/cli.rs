//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use commerce_core::identity::Role;
use reference_server::serve::{SETTINGS, Setting};

/// What the program's exit codes mean.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 the stored data breaks a rule, or the wish could not be met; 2 wrong input, \
                  nothing written; 3 the store or the port can't be used, or the store failed, what is done is kept; 130 stopped.";

/// A commerce backend in one process: eight services over HTTP on event-sourced stores. Serves if no command is given.
#[derive(Parser)]
#[command(
    name = "reference-server",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = format!("{}\n{EXIT_CODES}", settings(|_| true)),
    after_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the shop over HTTP, until SIGTERM, SIGINT or SIGHUP
    #[command(after_long_help = settings(|_| true))]
    Serve(Serve),
    /// Turn a shop's invoices into orders, and its credit notes into returns, and audit the store, unless other processes
    /// are at work on it and do not end within 15 seconds: that is exit code 1
    Replay(Replay),
    /// Look at the sagas, and decide about those that are stuck
    #[command(subcommand)]
    Sagas(Sagas),
    /// Look at the messages that could not be handled, and decide about them
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Check every invariant over the stored data; exit code 1 if one is broken
    Audit(Audit),
    /// Serve the gateway alone, in front of services that other processes serve
    Gateway(Gateway),
    /// Look after the keys that sign access tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Make users and give them roles, where no admin can
    #[command(subcommand)]
    Users(Users),
    /// Look at what is kept of the services' events for lists and figures, and build it anew
    #[command(subcommand)]
    Projections(Projections),
    /// Show what a user was sent, as far as it went to no other channel; secrets are shown, too
    Mailbox(MailboxOf),
    /// Make the stores of all services, or bring them to this program's version
    Migrate(Migrate),
}

/// What can be set otherwise than by an option.
#[derive(Args)]
pub(crate) struct Serve {
    /// Where clients come to [default: 127.0.0.1:8080]; port 0 is a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Where the data is: sqlite://FOLDER, postgres://USER@HOST:PORT/DATABASE or memory:// [default: sqlite://./data]
    // Not parsed here: what can't be read would be shown, with its password.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Leave an empty store empty, instead of making a demo in it
    #[arg(long)]
    pub(crate) no_seed: bool,
    /// Read settings from this TOML file; the environment and the options count more
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = settings(|setting| setting.of_gateway))]
pub(crate) struct Gateway {
    /// A service and its address, such as order=http://10.0.0.7:8080; several may be at one. Services are identity (always
    /// needed), catalog, inventory, order, payment, shipping, notification and analytics; those that aren't named are not there
    #[arg(long, value_name = "SERVICE=URL", required = true)]
    pub(crate) upstream: Vec<String>,
    /// Where clients come to [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Read settings from this TOML file; the environment and the options count more
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The settings that count, for `--help`.
fn settings(count: impl Fn(&Setting) -> bool) -> String {
    let mut text = String::from(
        "Settings, in a TOML file (a dot is a table) or in the environment (RUST_LOG says what is logged):\n",
    );
    for setting in SETTINGS.iter().filter(|setting| count(setting)) {
        let (key, value, variable) = (setting.key, setting.value, setting.variable());
        text += &format!("  {key:<27} {variable} = {value}\n  {:<27} {}\n", "", setting.help);
    }
    text
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Sign with a fresh key from now on. Tokens that were signed before stay good until they expire. On PostgreSQL,
    /// servers take it over while they run; SQLite belongs to one process at a time
    Rotate {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Subcommand)]
pub(crate) enum Users {
    /// Make a user whose address counts as confirmed, with a random password that is shown once: the first admin of an
    /// installation without a demo. A store that is not there yet is made by `migrate` first
    Add {
        #[command(flatten)]
        user: UserRoles,

        /// What they are called
        #[arg(long, value_name = "NAME", default_value = "New")]
        first_name: String,

        /// What their family is called
        #[arg(long, value_name = "NAME", default_value = "User")]
        last_name: String,
    },
    /// Give a user these roles, and take all others from them
    SetRoles(UserRoles),
}

#[derive(Args)]
pub(crate) struct UserRoles {
    /// The address to sign in with
    pub(crate) email: String,

    /// What they may do: customer, admin, warehouse, inventory_manager or analyst. May be given several times
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
    pub(crate) roles: Vec<Role>,

    #[command(flatten)]
    pub(crate) store: Store,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse("", text).map_err(|fault| fault.detail)
}

/// Where the data is unless it is said.
pub(crate) const DEFAULT_STORE: &str = "sqlite://./data";

#[derive(Args)]
pub(crate) struct Store {
    /// Where the data is: sqlite://FOLDER (a file for each service), postgres://USER@HOST:PORT/DATABASE (a schema for
    /// each service; a database each if DATABASE has {service} in it; the password may be in PGPASSWORD), or memory://
    // Not parsed here: what can't be read would be shown, with its password.
    #[arg(
        long,
        value_name = "URL",
        env = "COMMERCE__STORE__URL",
        hide_env_values = true,
        default_value = DEFAULT_STORE
    )]
    pub(crate) store: String,
}

#[derive(Args)]
pub(crate) struct Replay {
    /// The invoices: a CSV file with the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
    /// CustomerID and Country
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) store: Store,
    /// So many orders are under way at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) concurrency: u16,
    /// The same opening stock for each product [default: just enough of each]
    #[arg(long, value_name = "N")]
    pub(crate) stock: Option<u32>,
    /// Every Nth order pays with a card that is declined
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) decline_every: Option<u32>,
    /// Replay the file K times, each time under other invoice numbers
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) repeat: u16,
    /// How long a checkout awaits each service's answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) step_timeout: u16,
    /// Write the rows that the summary counts as refused, with line number and reason, to this CSV file; with --repeat,
    /// each once for every time that it was refused
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// Print the summary as one JSON object, and nothing else on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) store: Store,
}

#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Take over data that was restored into another PostgreSQL cluster than the one it was written in; stop all
    /// programs that use it first
    #[arg(long)]
    pub(crate) adopt: bool,
}

/// Who decides, and why: kept with what is decided.
#[derive(Args)]
pub(crate) struct Decision {
    /// Who decides
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub(crate) actor: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

fn reason(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("whoever comes after you wants to know why: say it"),
        reason => Ok(reason.to_owned()),
    }
}

#[derive(Args)]
pub(crate) struct SagaId {
    /// The saga, as `list` shows it: place-order/ID, cancel-order/ID or return-goods/ID
    #[arg(value_name = "SAGA/ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) store: Store,
}

#[derive(Args)]
pub(crate) struct SagaDecision {
    #[command(flatten)]
    pub(crate) saga: SagaId,
    #[command(flatten)]
    pub(crate) decision: Decision,
}

#[derive(Subcommand)]
pub(crate) enum Sagas {
    /// List sagas
    List {
        /// Only those of this status: running, compensating, completed, failed, stuck, abandoned
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        store: Store,
    },
    /// Show what happened to a saga, step by step
    Show(SagaId),
    /// Try again what a saga is stuck at: a compensation, or a step from which there is no way back
    Retry(SagaDecision),
    /// Take what a saga is stuck at as done, because someone has seen to it by hand
    Skip(SagaDecision),
    /// Have a saga turn back that is under way: what it has done is undone, and an order that was checked out is cancelled
    Abort(SagaDecision),
    /// Give a saga up as it is
    Abandon(SagaDecision),
    /// Draw a saga's definition as a Mermaid diagram
    Graph {
        /// place-order, cancel-order or return-goods
        #[arg(value_name = "SAGA", default_value = "place-order")]
        saga: String,
    },
}

#[derive(Args)]
pub(crate) struct MessageId {
    /// The service that could not handle it: order, inventory, payment, shipping, catalog, identity, notification or
    /// analytics
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// The message, as `list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) store: Store,
}

#[derive(Args)]
pub(crate) struct MessageDecision {
    #[command(flatten)]
    pub(crate) message: MessageId,
    #[command(flatten)]
    pub(crate) decision: Decision,
}

#[derive(Subcommand)]
pub(crate) enum DeadLetters {
    /// List dead letters
    List {
        /// Only those of this service
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        store: Store,
    },
    /// Show a dead letter with all its attempts
    Show(MessageId),
    /// Have a dead letter handled again, and after it whatever waits behind it
    Replay(MessageDecision),
    /// Throw a dead letter away; whatever waits behind it goes on
    Discard(MessageDecision),
    /// List what was thrown away, by whom and why, the last of each service first
    Discarded {
        /// Only those of this service
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Print each whole, as a JSON object on a line of its own
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Subcommand)]
pub(crate) enum Projections {
    /// List the projections: the version that built each, how far it has come, and how many documents it has
    List {
        #[command(flatten)]
        store: Store,
    },
    /// Build one anew from the first event on, beside the live one, and put it in its place
    Rebuild {
        /// The projection, as `list` shows it
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Args)]
pub(crate) struct MailboxOf {
    /// Whose: an e-mail address or the id of a user
    #[arg(long, value_name = "EMAIL|ID")]
    pub(crate) user: String,
    /// So many of the newest at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    /// Print each as a JSON object on a line of its own
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: Store,
}
