//! Orders and returns that an import brings with it.

use commerce_core::Context;
use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::id::{CustomerId, OrderId, PaymentId};
use commerce_core::order::{Order, OrderCommand, OrderLine, OrderRejection};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Currency, Money};
use commerce_outbox::{HandleError, Scope};
use uuid::Uuid;

use super::{Means, Orders};
use crate::sagas::return_goods;
use crate::services::Session;

/// An order from a channel that carries its own prices. Clients can't use it.
#[derive(Clone)]
pub struct ImportedOrder {
    /// Its id, which follows from the invoice's number: placing an invoice twice places one order.
    pub order_id: OrderId,
    /// Who bought.
    pub customer_id: CustomerId,
    /// What, at which prices.
    pub lines: Vec<OrderLine>,
    /// Where to.
    pub shipping_address: Address,
    /// In which currency.
    pub currency: Currency,
    /// How it is paid.
    pub method: PaymentMethod,
    /// What the payment provider knows the means by.
    pub token: PaymentToken,
}

/// What became of a wish that may have been uttered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It began now.
    Now,
    /// It had begun before.
    Before,
}

/// Goods that come back.
#[derive(Clone)]
pub struct Return {
    /// Its id, which follows from the credit note's line.
    pub return_id: Uuid,
    /// The payment that is given back in part.
    pub payment_id: PaymentId,
    /// What comes back.
    pub product_id: commerce_core::id::ProductId,
    /// How many.
    pub quantity: u32,
    /// How much is given back.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

impl Orders {
    /// Places an order and begins its checkout, in one commit.
    ///
    /// # Errors
    /// When the order can't be, or the store fails.
    pub async fn place_imported(&self, order: ImportedOrder) -> Result<Begun, PlaceError> {
        let context = self.host.context().with_actor("import").with_correlation(order.order_id.0);
        self.place_imported_within(order, context).await
    }

    /// The same, within a larger operation.
    ///
    /// # Errors
    /// When the order can't be, or the store fails.
    pub async fn place_imported_within(
        &self,
        order: ImportedOrder,
        context: Context,
    ) -> Result<Begun, PlaceError> {
        let mut session = Session::<Order>::absent(order.order_id);
        let place = OrderCommand::Place {
            customer_id: order.customer_id,
            lines: order.lines.clone(),
            shipping_address: order.shipping_address.clone(),
            currency: order.currency,
        };
        session.decide(place, &context)?;
        session.decide(OrderCommand::InitiatePayment, &context)?;
        let means = Means { method: order.method, token: order.token };
        let checkout = self.begin_checkout(&session, means, &context).await?;
        let commit = session.write_to(Commit::within(&context)).map_err(HandleError::from)?;
        Ok(begun(self.store.commit(commit.and(checkout)).await)?)
    }

    /// Takes goods back: restocks them and gives the money back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_back(&self, goods: Return) -> Result<Begun, HandleError> {
        let context = self.host.context().with_actor("import").with_correlation(goods.return_id);
        let id = goods.return_id.to_string();
        let state = return_goods::ReturnGoods {
            return_id: goods.return_id,
            payment_id: goods.payment_id,
            product_id: goods.product_id,
            quantity: goods.quantity,
            amount: goods.amount,
            reason: goods.reason,
        };
        let commit = Commit::within(&context);
        let mut scope = Scope::new(context, self.store.clone(), commit);
        self.orchestrator.begin(return_goods::NAME, &id, &state, &mut scope).await?;
        begun(self.store.commit(scope.into_commit()).await)
    }
}

/// Why an order was not placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It can't be.
    #[error(transparent)]
    Rejected(#[from] OrderRejection),
    /// The store failed.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

/// The stream or the instance is there: it had begun before.
fn begun(result: Result<commerce_core::commit::Committed, CommitError>) -> Result<Begun, HandleError> {
    match result {
        Ok(_) => Ok(Begun::Now),
        Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Document { .. })) => Ok(Begun::Before),
        Err(error) => Err(error.into()),
    }
}
