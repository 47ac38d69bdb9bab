//! `operators`: who may use the web console.

use std::io::{BufRead, BufReader, Read};

use chrono::SecondsFormat;
use domain::{
    operator::{OperatorName, Role},
    secret::Secret,
};
use serde_json::Value;
use store::{Operator, OperatorChange};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{AddOperator, OperatorsCommand, PasswordSource},
    password,
};

impl Console<'_> {
    pub(crate) async fn operators(
        &self,
        command: &OperatorsCommand,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        match command {
            OperatorsCommand::Add(args) => self.add_operator(args, input).await,
            OperatorsCommand::List => {
                let operators = self.store.operators().await?;
                Ok(Answer::Many(operators.iter().map(facts).collect()))
            }
            OperatorsCommand::SetRole { name, role } => self.change(name, &OperatorChange::Role(*role)).await,
            OperatorsCommand::SetPassword { name, password } => {
                let (secret, shown) = read(*password, input)?;
                let change = OperatorChange::Password(password::hash(&secret)?);
                let answer = self.change(name, &change).await?;
                Ok(with_password(answer, shown))
            }
            OperatorsCommand::Disable { name } => self.change(name, &OperatorChange::Disable).await,
            OperatorsCommand::Enable { name } => self.change(name, &OperatorChange::Enable).await,
        }
    }

    async fn add_operator(
        &self,
        args: &AddOperator,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let (secret, shown) = read(args.password, input)?;
        let hash = password::hash(&secret)?;
        let added = self
            .store
            .add_operator(&args.name, args.role, &hash, self.doing());
        if !added.await? {
            return Err(ConsoleError::OperatorTaken(args.name.clone()));
        }
        Ok(with_password(told(&args.name, Some(args.role)), shown))
    }

    async fn change(&self, name: &OperatorName, change: &OperatorChange) -> Result<Answer, ConsoleError> {
        if !self.store.change_operator(name, change, self.doing()).await? {
            return Err(ConsoleError::UnknownOperator(name.clone()));
        }
        let role = match change {
            OperatorChange::Role(role) => Some(*role),
            OperatorChange::Password(_) | OperatorChange::Disable | OperatorChange::Enable => None,
        };
        Ok(told(name, role))
    }
}

/// The password, and whether it has to be shown.
fn read(
    source: PasswordSource,
    input: &mut (dyn Read + Send),
) -> Result<(Secret, Option<Secret>), ConsoleError> {
    match source {
        PasswordSource::Generate => {
            let made = password::generate()?;
            Ok((made.clone(), Some(made)))
        }
        PasswordSource::Stdin => {
            let mut line = String::new();
            let longest = password::LONGEST as u64 + 2;
            let read = BufReader::new(input.take(longest)).read_line(&mut line);
            read.map_err(|_| ConsoleError::Password)?;
            Ok((Secret::new(line.trim_end_matches(['\r', '\n'])), None))
        }
    }
}

fn told(name: &OperatorName, role: Option<Role>) -> Answer {
    let role = role.map(|role| ("role", role.to_string()));
    Answer::new([("operator", name.to_string())].into_iter().chain(role))
}

fn with_password(answer: Answer, shown: Option<Secret>) -> Answer {
    match (answer, shown) {
        (Answer::One(mut facts), Some(password)) => {
            facts.push(("password", Value::from(password.expose())));
            Answer::One(facts)
        }
        (answer, _) => answer,
    }
}

fn facts(operator: &Operator) -> Facts {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    vec![
        ("operator", Value::from(operator.name.as_str())),
        ("role", Value::from(operator.role.name())),
        ("created_at", Value::from(time(operator.created_at))),
        ("disabled_at", Value::from(operator.disabled_at.map(time))),
    ]
}
