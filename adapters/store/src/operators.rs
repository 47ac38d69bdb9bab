//! Operators: who may use the web console, and what they may do there.

mod attempts;
mod sessions;

pub use attempts::SignInCounts;
pub use sessions::{NewSession, Session, SessionLimits};

use chrono::{DateTime, Utc};
use domain::{
    operator::{OperatorName, Role},
    secret::Secret,
};
use sqlx::FromRow;

use crate::{
    Store, StoreError,
    audit::{self, Doing},
    pool::answered,
    write::Tx,
};

/// An operator, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its name.
    pub name: OperatorName,
    /// What it may do.
    pub role: Role,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Since when it may not sign in any more.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// What changes about an operator.
#[derive(Debug, Clone)]
pub enum OperatorChange {
    /// What it may do.
    Role(Role),
    /// Its password, as a PHC string. Ends its sessions.
    Password(Secret),
    /// It may not sign in any more. Ends its sessions.
    Disable,
    /// It may sign in again.
    Enable,
}

impl OperatorChange {
    const fn action(&self) -> &'static str {
        match self {
            Self::Role(_) => "operator.set_role",
            Self::Password(_) => "operator.set_password",
            Self::Disable => "operator.disable",
            Self::Enable => "operator.enable",
        }
    }

    /// What the log says that it was done to: whose role changes, from what to what.
    fn subject(&self, name: &OperatorName, role: &str) -> String {
        match self {
            Self::Role(next) => format!("{name}: {role} -> {next}"),
            Self::Password(_) | Self::Disable | Self::Enable => name.to_string(),
        }
    }

    const fn ends_sessions(&self) -> bool {
        matches!(self, Self::Password(_) | Self::Disable)
    }
}

#[derive(FromRow)]
struct OperatorRow {
    name: String,
    role: String,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
}

const LIST: &str = "select name, role, created_at, disabled_at from operators order by name";

const ADD: &str = "
insert into operators (name, role, password_hash, created_at) values ($1, $2, $3, $4) on conflict do nothing";

const LOCK: &str = "select role from operators where name = $1 for update";

/// What is null stays; the time of being disabled is taken as it is.
const CHANGE: &str = "
update operators
set role = coalesce($2, role), password_hash = coalesce($3, password_hash),
    disabled_at = case $4 when 'disable' then coalesce(disabled_at, $5) when 'enable' then null else disabled_at end
where name = $1";

const END_SESSIONS: &str = "delete from operator_sessions where operator = $1";

const PASSWORD: &str = "select password_hash from operators where name = $1 and disabled_at is null";

impl Store {
    /// All operators, by name.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        let rows: Vec<OperatorRow> = answered(sqlx::query_as(LIST).fetch_all(&self.pool)).await?;
        rows.into_iter().map(Operator::try_from).collect()
    }

    /// Adds an operator; false when there is one of that name.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn add_operator(
        &self,
        name: &OperatorName,
        role: Role,
        password_hash: &Secret,
        doing: Doing<'_>,
    ) -> Result<bool, StoreError> {
        let adding = async {
            let mut tx = self.pool.begin().await?;
            let insert = sqlx::query(ADD)
                .bind(name.as_str())
                .bind(role.name())
                .bind(password_hash.expose())
                .bind(doing.at);
            let added = insert.execute(&mut *tx).await?.rows_affected() > 0;
            if added {
                let subject = format!("{name}: {role}");
                audit::write(&mut tx, "operator.add", &subject, doing).await?;
                tx.commit().await?;
            }
            Ok::<_, StoreError>(added)
        };
        answered(adding).await
    }

    /// Changes an operator; false when there is none of that name.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn change_operator(
        &self,
        name: &OperatorName,
        change: &OperatorChange,
        doing: Doing<'_>,
    ) -> Result<bool, StoreError> {
        let changing = async {
            let mut tx = self.pool.begin().await?;
            let locked = sqlx::query_scalar::<_, String>(LOCK).bind(name.as_str());
            let before = locked.fetch_optional(&mut *tx).await?;
            if let Some(role) = &before {
                update(&mut tx, name, change, doing.at).await?;
                if change.ends_sessions() {
                    sqlx::query(END_SESSIONS)
                        .bind(name.as_str())
                        .execute(&mut *tx)
                        .await?;
                }
                audit::write(&mut tx, change.action(), &change.subject(name, role), doing).await?;
                tx.commit().await?;
            }
            Ok::<_, StoreError>(before.is_some())
        };
        answered(changing).await
    }

    /// What the password of an operator who may sign in is held against; none when there is no such operator.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn operator_password(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let found = sqlx::query_scalar::<_, String>(PASSWORD).bind(name);
        Ok(answered(found.fetch_optional(&self.pool)).await?.map(Secret::new))
    }
}

async fn update(
    tx: &mut Tx<'_>,
    name: &OperatorName,
    change: &OperatorChange,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (role, password, access) = match change {
        OperatorChange::Role(role) => (Some(role.name()), None, None),
        OperatorChange::Password(hash) => (None, Some(hash.expose()), None),
        OperatorChange::Disable => (None, None, Some("disable")),
        OperatorChange::Enable => (None, None, Some("enable")),
    };
    let update = sqlx::query(CHANGE)
        .bind(name.as_str())
        .bind(role)
        .bind(password)
        .bind(access)
        .bind(at);
    update.execute(&mut **tx).await?;
    Ok(())
}

/// The role and name of an operator as they are stored.
fn read(name: &str, role: &str) -> Result<(OperatorName, Role), StoreError> {
    let unreadable =
        |problem: &dyn ToString| StoreError::unreadable(format!("operator {name}"), problem.to_string());
    Ok((
        name.parse().map_err(|error| unreadable(&error))?,
        role.parse().map_err(|error| unreadable(&error))?,
    ))
}

impl TryFrom<OperatorRow> for Operator {
    type Error = StoreError;

    fn try_from(row: OperatorRow) -> Result<Self, StoreError> {
        let (name, role) = read(&row.name, &row.role)?;
        Ok(Self {
            name,
            role,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        })
    }
}
