//! Several writes in one statement, so in one round trip.
//!
//! PostgreSQL runs them all on what was there before the statement: none of them sees what another one writes, nor may two of
//! them change the same row. Foreign keys and the triggers of statements look when all are done. It begins with the write that
//! was added last, in every process alike, so that two of them rarely lock rows crosswise.

use std::{fmt::Write as _, mem};

use sqlx::{Arguments, AssertSqlSafe, Encode, Postgres, Type, error::BoxDynError, postgres::PgArguments};

use super::Tx;
use crate::StoreError;

/// Writes that gather to be one statement.
#[derive(Default)]
pub struct Together {
    parts: String,
    count: usize,
    values: PgArguments,
    /// Why a value cannot be sent.
    unsendable: Option<BoxDynError>,
}

impl Together {
    /// Adds a write. Its values are numbered from `$1`, as if it were alone, and bound in this order.
    pub fn add(&mut self, sql: &str) -> Values<'_> {
        let name = format!("write_{}", self.count);
        self.add_as(&name, sql)
    }

    /// Adds a write, or a query, that those after it call by this name.
    pub fn add_as(&mut self, name: &str, sql: &str) -> Values<'_> {
        let separator = if self.count == 0 { "with" } else { ",\n" };
        // A text takes whatever is written into it.
        let _never_fails = write!(self.parts, "{separator} {name} as (");
        renumber(sql, self.values.len(), &mut self.parts);
        self.parts.push(')');
        self.count += 1;
        Values(self)
    }

    /// Writes it all.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses; then nothing is written.
    pub async fn run(mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if let Some(unsendable) = self.unsendable.take() {
            return Err(sqlx::Error::Encode(unsendable).into());
        }
        if self.count > 0 {
            let sql = mem::take(&mut self.parts) + " select";
            sqlx::query_with(AssertSqlSafe(sql), self.values)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }
}

/// The values of the write that was added last.
pub struct Values<'a>(&'a mut Together);

impl Values<'_> {
    /// Adds the next value.
    pub fn bind<'v, V>(self, value: V) -> Self
    where
        V: Encode<'v, Postgres> + Type<Postgres>,
    {
        if let Err(problem) = self.0.values.add(value) {
            self.0.unsendable.get_or_insert(problem);
        }
        self
    }
}

/// Writes `sql` with so many values before its own.
fn renumber(sql: &str, before: usize, to: &mut String) {
    let mut parts = sql.split('$');
    to.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let _never_fails = match number.parse::<usize>() {
            Ok(number) => write!(to, "${}{rest}", number + before),
            Err(_) => write!(to, "${part}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_write_counts_its_values_from_one() {
        let mut all = Together::default();
        let insert = "insert into a select * from unnest($1::uuid[], $2::text[])";
        let _ = all.add(insert).bind(vec![1_i64]).bind(vec!["one"]);
        let _ = all
            .add_as("given", "select * from unnest($1::text[])")
            .bind(vec!["two"]);
        let _ = all.add("delete from b where id = $12");
        assert_eq!(
            all.parts,
            "with write_0 as (insert into a select * from unnest($1::uuid[], $2::text[])),\n \
             given as (select * from unnest($3::text[])),\n \
             write_2 as (delete from b where id = $15)"
        );
    }
}
