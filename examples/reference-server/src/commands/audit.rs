use std::time::Duration;

use reference_server::audit::audit;

use super::{open, print};
use crate::cli::Audit;
use crate::exit::{BREACH, Exit};

/// A process that was killed is taken to be at work for ten seconds.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn run(args: Audit) -> Result<u8, Exit> {
    let stores = open(&args.store).await?;
    if !stores.left_alone(PATIENCE).await.map_err(Exit::data)? {
        return Err(Exit::data("another process is at work on this data, and the audit wants it at rest"));
    }
    let report = audit(&stores).await.map_err(Exit::data)?;
    print(&report)?;
    Ok(if report.is_ok() { 0 } else { BREACH })
}
