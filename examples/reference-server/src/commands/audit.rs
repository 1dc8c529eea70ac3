use reference_server::audit::audit;

use super::{open, print};
use crate::cli::Audit;
use crate::exit::{BREACH, Exit};

pub(super) async fn run(args: Audit) -> Result<u8, Exit> {
    let stores = open(&args.store.store)?;
    let report = audit(&stores).await.map_err(Exit::data)?;
    print(&report)?;
    Ok(if report.is_ok() { 0 } else { BREACH })
}
