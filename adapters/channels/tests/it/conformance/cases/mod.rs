//! The list of cases, and the cases by what they are about.

pub mod asking;
pub mod callbacks;
pub mod capturing;
pub mod closing;
pub mod forgeries;
pub mod opening;
pub mod refund_trouble;
pub mod refunding;
pub mod trouble;

/// Gives the list to a macro, behind what else it takes.
macro_rules! cases {
    ($give_to:path; $($with:tt)*) => {
        $give_to! {
            $($with)*;
            opening::an_intent_is_opened_for_its_payer,
            opening::a_repeat_opens_nothing_new,
            opening::a_payer_pays,
            opening::a_payer_is_declined_and_pays_after_all,
            opening::an_amount_that_is_not_taken_opens_nothing,
            opening::credentials_that_the_provider_does_not_know_open_nothing,
            asking::an_open_intent_is_shown,
            asking::a_lost_intent_is_found,
            asking::a_lost_intent_that_was_paid_is_found,
            asking::an_intent_that_nobody_opened_is_surely_absent,
            asking::an_intent_that_nobody_has_is_refused_by_its_code,
            asking::a_question_without_an_answer_is_not_taken_for_a_no,
            closing::an_open_intent_is_closed,
            closing::a_paid_intent_is_not_closed,
            closing::a_payment_that_arrives_late_is_told,
            closing::a_close_without_an_answer_is_unknown_and_is_repeated,
            capturing::agreed_money_moves_when_it_is_captured,
            capturing::what_nobody_agreed_to_is_not_captured,
            capturing::a_capture_undone_without_an_answer_is_repeated,
            capturing::a_capture_done_without_an_answer_is_not_done_twice,
            capturing::too_many_captures_at_once_are_not_done,
            refunding::all_of_a_payment_is_given_back,
            refunding::parts_are_given_back_until_nothing_is_left,
            refunding::more_than_was_paid_is_not_given_back,
            refunding::refunds_at_the_same_moment_give_back_no_more_than_was_paid,
            refunding::a_repeat_gives_nothing_back_again,
            refunding::what_was_not_paid_is_not_given_back,
            refunding::a_lost_refund_is_found,
            refunding::a_refund_that_nobody_made_is_surely_absent,
            refunding::a_refund_is_told,
            refund_trouble::a_refund_undone_without_an_answer_is_repeated,
            refund_trouble::a_refund_done_without_an_answer_is_not_done_twice,
            refund_trouble::too_many_refunds_at_once_are_not_done,
            refund_trouble::a_question_about_a_refund_without_an_answer_is_not_taken_for_a_no,
            trouble::an_intent_unopened_without_an_answer_is_opened_by_the_repeat,
            trouble::an_intent_opened_without_an_answer_is_not_opened_twice,
            trouble::too_many_requests_at_once_open_nothing,
            trouble::nobody_listening_is_surely_not_done,
            callbacks::a_payment_is_told,
            callbacks::a_callback_that_comes_twice_has_one_id,
            callbacks::callbacks_of_two_payments_have_two_ids,
            callbacks::a_callback_gets_stale_where_the_provider_says_when,
            forgeries::another_key_signs_nothing,
            forgeries::a_body_that_was_changed_is_refused,
            forgeries::headers_alone_prove_nothing,
            forgeries::another_amount_is_reported_as_it_is_shown,
            forgeries::another_currency_is_not_taken_for_ours,
            forgeries::another_account_is_told_apart,
            forgeries::another_object_is_reported_as_it_is_shown,
        }
    };
}

pub(crate) use cases;

macro_rules! names {
    (; $($area:ident::$case:ident,)+) => {
        /// The names of all cases.
        pub const CASES: &[&str] = &[$(stringify!($case),)+];
    };
}

cases!(names;);
