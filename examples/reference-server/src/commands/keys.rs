use std::sync::Arc;

use commerce_adapters::jwt::SigningKeys;
use commerce_core::Host;
use commerce_outbox::SystemHost;

use super::{open, print};
use crate::cli::Keys;
use crate::exit::Exit;

pub(super) async fn run(Keys::Rotate { store }: Keys) -> Result<u8, Exit> {
    let stores = open(&store).await?;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let keys = SigningKeys::rotate_stored(&*stores.identity, &*host).await.map_err(Exit::data)?;
    print(format!("signing with key {} from now on", keys.kid()))?;
    Ok(0)
}
