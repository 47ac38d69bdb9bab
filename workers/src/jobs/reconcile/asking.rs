//! Asking the provider about movements of ours that its statement does not show.

use std::collections::{HashMap, HashSet};

use domain::{
    channel::{CallError, IntentRef},
    reconciliation::{Answer, Difference, Question, Unconfirmed},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::Sides;

/// How many questions are asked at once: a day on which all callbacks came late must not flood the provider.
const AT_ONCE: usize = 8;

/// What the provider has answered, each question asked once.
#[derive(Default)]
pub struct Answers(HashMap<Question, Answer>);

impl Answers {
    /// Asks what was not asked before.
    pub async fn ask(&mut self, sides: &Sides<'_>, unconfirmed: &[Unconfirmed]) -> Result<(), CallError> {
        let questions: HashSet<Question> = unconfirmed
            .iter()
            .map(|unconfirmed| &unconfirmed.question)
            .filter(|question| !self.0.contains_key(question))
            .cloned()
            .collect();
        let answers = stream::iter(questions)
            .map(|question| async move {
                let answer = ask(sides, &question).await?;
                Ok::<_, CallError>((question, answer))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        self.0.extend(answers);
        Ok(())
    }

    /// The differences that these prove to be. What nobody asked about is none yet: it has moved since.
    pub fn settle(&self, unconfirmed: Vec<Unconfirmed>) -> impl Iterator<Item = Difference> {
        unconfirmed.into_iter().filter_map(|unconfirmed| {
            let answer = self.0.get(&unconfirmed.question)?;
            unconfirmed.settle(answer)
        })
    }
}

async fn ask(sides: &Sides<'_>, question: &Question) -> Result<Answer, CallError> {
    let (channels, credentials) = (&sides.context.channels, sides.credentials);
    let answer = match question {
        Question::Intent(id) => channels
            .retrieve_intent(credentials, &IntentRef::named(id))
            .await
            .0
            .map(Answer::Intent),
        Question::Refund(id) => channels
            .refund_behind(credentials, id)
            .await
            .0
            .map(Answer::Refund),
    };
    let no_such = channels::capabilities(credentials.channel()).no_such_object;
    match answer {
        Err(CallError::Refused { code, .. }) if code == no_such => Ok(Answer::Nothing),
        answer => answer,
    }
}
