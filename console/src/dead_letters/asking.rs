//! Asking for letters to be sent again or thrown away, and waiting for it.

use std::time::Duration;

use domain::{
    dead_letter::{ActionKind, LetterState},
    id::DeadLetterActionId,
};
use serde_json::Value;
use store::{ActionProgress, AskedFor, LetterFilter, NewAction};
use tokio::time::Instant;

use super::{
    choosing::{dry_run, selection},
    telling,
};
use crate::{Answer, Console, ConsoleError, args::AskForLetters};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;
const LOOK_EVERY: Duration = Duration::from_millis(250);
const TELL_EVERY: Duration = Duration::from_secs(2);

impl Console<'_> {
    pub(super) async fn ask_for_letters(
        &self,
        kind: ActionKind,
        args: &AskForLetters,
    ) -> Result<Answer, ConsoleError> {
        let filter = self.letter_filter(&args.search).await?;
        if !args.all_matching && filter != LetterFilter::default() {
            return Err(ConsoleError::NotAllMatching);
        }
        let asked_for = if args.all_matching {
            AskedFor::Matching(Box::new(filter), args.limit)
        } else {
            AskedFor::Letters(args.ids.clone())
        };
        if args.dry_run {
            return self.try_letters(asked_for).await;
        }
        let reason = args.reason.as_deref().unwrap_or_default().trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            return Err(ConsoleError::Reason);
        }
        let new = NewAction {
            id: DeadLetterActionId::random(),
            kind,
            actor: self.actor.clone(),
            reason: reason.to_owned(),
            selection: selection(&asked_for),
            asked_for,
            rate_per_s: args.rate,
        };
        if self.store.ask_for_letters(&new, self.now()).await? == 0 {
            return Err(ConsoleError::NoLetters);
        }
        let progress = if args.wait {
            self.wait_for_letters(new.id, args.wait_s).await?
        } else {
            self.letter_progress(new.id).await?
        };
        let left_out = args.ids.len() as i64 - progress.letters;
        let mut facts = telling::action(&progress);
        // Letters that were named and are not parked, or not there.
        facts.push(("left_out", Value::from(left_out.max(0))));
        Ok(Answer::Report {
            facts,
            lists: Vec::new(),
            passed: progress.missing == 0 && progress.left_parked() == 0,
        })
    }

    /// What would be asked for.
    async fn try_letters(&self, asked_for: AskedFor) -> Result<Answer, ConsoleError> {
        let selection = selection(&asked_for);
        let (count, letters) = match asked_for {
            AskedFor::Matching(filter, most) => {
                let (count, letters) = dry_run(&self.store, *filter, most).await?;
                (count.min(most.into()), letters)
            }
            AskedFor::Shown { filter, most, .. } => dry_run(&self.store, *filter, most).await?,
            AskedFor::Letters(ids) => {
                let mut parked = Vec::new();
                for id in ids {
                    let story = self.store.letter(id).await?;
                    let letter = story.ok_or(ConsoleError::UnknownLetter(id))?.letter;
                    parked.extend(Some(letter).filter(|letter| letter.state == LetterState::Parked));
                }
                (parked.len() as i64, parked)
            }
        };
        Ok(Answer::Report {
            facts: vec![
                ("dry_run", Value::from(true)),
                ("letters", Value::from(count)),
                ("selection", Value::from(selection)),
            ],
            lists: vec![("dead_letters", letters.iter().map(telling::letter).collect())],
            passed: true,
        })
    }

    async fn wait_for_letters(
        &self,
        id: DeadLetterActionId,
        wait_s: u32,
    ) -> Result<ActionProgress, ConsoleError> {
        let until = Instant::now() + Duration::from_secs(wait_s.into());
        let mut told = Instant::now();
        loop {
            let progress = self.letter_progress(id).await?;
            if progress.finished_at.is_some() {
                return Ok(progress);
            }
            if Instant::now() > until {
                return Err(ConsoleError::LettersUnfinished { id, wait_s });
            }
            if told.elapsed() > TELL_EVERY {
                let trouble = progress.trouble.as_deref().unwrap_or_default();
                eprintln!("{} of {} done {trouble}", progress.done, progress.letters);
                told = Instant::now();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn letter_progress(&self, id: DeadLetterActionId) -> Result<ActionProgress, ConsoleError> {
        let found = self.store.letter_actions(Some(id), 1).await?.pop();
        found.ok_or(ConsoleError::UnknownLetterAction(id))
    }
}
