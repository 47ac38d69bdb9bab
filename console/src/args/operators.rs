//! The arguments of `operators`.

use clap::{Args, Subcommand, ValueEnum};
use domain::operator::{OperatorName, Role};

/// About operators.
#[derive(Debug, Subcommand)]
pub enum OperatorsCommand {
    /// Add an operator. A password that is generated is shown once.
    Add(AddOperator),
    /// List all operators, by name.
    List,
    /// Set what an operator may do. Holds at once, also for who is signed in.
    SetRole {
        /// The operator's name.
        #[arg(long)]
        name: OperatorName,
        /// viewer, operator or administrator; each may do all that the ones before it may.
        #[arg(long)]
        role: Role,
    },
    /// Set an operator's password and end its sessions. One that is generated is shown once.
    SetPassword {
        /// The operator's name.
        #[arg(long)]
        name: OperatorName,
        /// Where the password comes from; `stdin` takes the first line.
        #[arg(long, value_name = "SOURCE", default_value = "generate")]
        password: PasswordSource,
    },
    /// Let an operator sign in no more, and end its sessions.
    Disable {
        /// The operator's name.
        #[arg(long)]
        name: OperatorName,
    },
    /// Let an operator that was disabled sign in again.
    Enable {
        /// The operator's name.
        #[arg(long)]
        name: OperatorName,
    },
}

/// The arguments of `operators add`.
#[derive(Debug, Args)]
pub struct AddOperator {
    /// What the operator signs in with: small letters, digits, dots, dashes and underscores.
    #[arg(long)]
    pub name: OperatorName,
    /// viewer, operator or administrator; each may do all that the ones before it may.
    #[arg(long)]
    pub role: Role,
    /// Where the password comes from; `stdin` takes the first line.
    #[arg(long, value_name = "SOURCE", default_value = "generate")]
    pub password: PasswordSource,
}

/// Where a password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PasswordSource {
    /// A new random one, shown once.
    Generate,
    /// The first line of standard input.
    Stdin,
}
