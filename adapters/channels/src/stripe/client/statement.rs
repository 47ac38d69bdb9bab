//! The call for a statement.

use std::ops::ControlFlow;

use domain::channel::{CallError, Statement};

use super::connection::Connection;
use crate::{
    channel::StatementPeriod,
    stripe::{request::statement as request, statement},
};

impl Connection<'_> {
    /// All lines of a period: a statement with a page missing would look as if payments were.
    pub(super) async fn statement(&self, period: StatementPeriod) -> Result<Statement, CallError> {
        let mut all = Statement::default();
        let walk = self.walk(
            self.stripe.statement_bounds(),
            |after| request::page(period, after),
            |page| -> ControlFlow<()> {
                statement::add(&mut all, page);
                ControlFlow::Continue(())
            },
        );
        walk.await?;
        Ok(all)
    }
}
