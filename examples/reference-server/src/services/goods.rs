//! Goods that an import brings with it.

use commerce_core::value::Sku;
use commerce_outbox::HandleError;

/// Why a service can't take an import's goods in.
#[derive(Debug, thiserror::Error)]
pub enum GoodsError {
    /// The SKU is that of other goods. Under it the import's own could never be sold.
    #[error(
        "{sku} is the SKU of another {what} in this store: replay into another --store, or give the file's rows another \
         StockCode"
    )]
    SkuTaken {
        /// The SKU.
        sku: Sku,
        /// What has it: `product`, `stock item`.
        what: &'static str,
    },
    /// The store failed, or the goods can't be.
    #[error(transparent)]
    Handle(#[from] HandleError),
}
