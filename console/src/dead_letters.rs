//! `dead-letters`: what was parked, why, and what is done about it.

mod asking;
pub(crate) mod choosing;
pub(crate) mod telling;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::dead_letter::ActionKind;
use serde_json::Value;
use store::{LetterFilter, LetterPage};

use crate::{
    Answer, Console, ConsoleError,
    args::{DeadLettersCommand, LetterSearch, ListActions, ListGroups, ListLetters},
};

impl Console<'_> {
    pub(crate) async fn dead_letters(&self, command: &DeadLettersCommand) -> Result<Answer, ConsoleError> {
        match command {
            DeadLettersCommand::List(args) => self.list_letters(args).await,
            DeadLettersCommand::Groups(args) => self.list_groups(args).await,
            DeadLettersCommand::Show { id } => {
                let story = self.store.letter(*id).await?;
                Ok(telling::story(&story.ok_or(ConsoleError::UnknownLetter(*id))?))
            }
            DeadLettersCommand::Replay(args) => self.ask_for_letters(ActionKind::Replay, args).await,
            DeadLettersCommand::Discard(args) => self.ask_for_letters(ActionKind::Discard, args).await,
            DeadLettersCommand::Actions(args) => self.list_actions(args).await,
        }
    }

    async fn list_letters(&self, args: &ListLetters) -> Result<Answer, ConsoleError> {
        let filter = LetterFilter {
            state: args.state,
            ..self.letter_filter(&args.search).await?
        };
        let after = match args.after {
            Some(id) => {
                let place = choosing::place(&self.store, id).await?;
                Some(place.ok_or(ConsoleError::UnknownLetter(id))?)
            }
            None => None,
        };
        let page = LetterPage {
            after,
            limit: args.limit,
        };
        let letters = self.store.letters(&filter, page).await?;
        let next = letters.last().filter(|_| letters.len() == args.limit as usize);
        Ok(Answer::Report {
            facts: vec![
                ("listed", Value::from(letters.len())),
                ("next_after", Value::from(next.map(|last| last.id.to_string()))),
            ],
            lists: vec![("dead_letters", letters.iter().map(telling::letter).collect())],
            passed: true,
        })
    }

    async fn list_groups(&self, args: &ListGroups) -> Result<Answer, ConsoleError> {
        let groups = self
            .store
            .letter_groups(args.kind.as_deref(), !args.all, args.limit)
            .await?;
        Ok(Answer::Many(groups.iter().map(telling::group).collect()))
    }

    async fn list_actions(&self, args: &ListActions) -> Result<Answer, ConsoleError> {
        let actions = self.store.letter_actions(args.id, args.limit).await?;
        match (args.id, &actions[..]) {
            (Some(_), [action]) => Ok(Answer::One(telling::action(action))),
            (Some(id), _) => Err(ConsoleError::UnknownLetterAction(id)),
            (None, actions) => Ok(Answer::Many(actions.iter().map(telling::action).collect())),
        }
    }

    async fn letter_filter(&self, search: &LetterSearch) -> Result<LetterFilter, ConsoleError> {
        let merchant_id = match &search.merchant {
            Some(merchant) => Some(self.merchant(merchant).await?.id),
            None => None,
        };
        if search
            .text
            .as_ref()
            .is_some_and(|text| !choosing::is_long_enough(text))
        {
            return Err(ConsoleError::LetterText);
        }
        Ok(LetterFilter {
            payment_id: search.payment,
            order_id: search.order,
            merchant_id,
            provider_id: search.provider_id.clone(),
            text: search.text.clone(),
            kind: search.kind.clone(),
            state: None,
            group_id: search.group,
            recorded_until: None,
        })
    }
}

/// A moment, for people and programs.
fn at(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
