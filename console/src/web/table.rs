//! Tables, which become cards on a narrow screen.

use maud::{Markup, html};

use super::{messages::Text, view::View};

/// A column: what is above it, and whether it holds numbers, which are set to the right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    text: Text,
    is_number: bool,
}

/// A column of words.
pub(super) const fn words(text: Text) -> Column {
    Column {
        text,
        is_number: false,
    }
}

/// A column of numbers.
pub(super) const fn numbers(text: Text) -> Column {
    Column {
        text,
        is_number: true,
    }
}

/// A row: its cells, of which the first names it, and whether people should look at it.
pub(super) struct Row<const N: usize> {
    pub cells: [Markup; N],
    pub is_alarming: bool,
}

impl<const N: usize> From<[Markup; N]> for Row<N> {
    fn from(cells: [Markup; N]) -> Self {
        Self {
            cells,
            is_alarming: false,
        }
    }
}

/// A table of these rows; `caption` says what of.
pub(super) fn table<const N: usize>(
    view: &View,
    caption: Text,
    columns: [Column; N],
    rows: &[Row<N>],
) -> Markup {
    let class = |column: &Column| column.is_number.then_some("number");
    html! {
        table {
            caption.unseen { (view.say(caption)) }
            thead { tr {
                @for column in &columns { th scope="col" class=[class(column)] { (view.say(column.text)) } }
            } }
            tbody {
                @for row in rows {
                    tr class=[row.is_alarming.then_some("alarming")] {
                        @for (place, (column, cell)) in columns.iter().zip(&row.cells).enumerate() {
                            @if place == 0 {
                                th scope="row" data-label=(view.say(column.text)) { (cell) }
                            } @else {
                                td class=[class(column)] data-label=(view.say(column.text)) { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}
