-- Dead letters are looked for by how far they have come and by something else at once, most often among those that are parked. An
-- index for the one or the other passes over all that the other leaves out, which may be most of a million. Building these takes
-- some seconds for a million letters, in which none is written down: the workers try again.
create index dead_letters_newest_by_kind_and_state on dead_letters (kind, state, parked_at desc, id desc);
create index dead_letters_newest_by_merchant_and_state on dead_letters (merchant_id, state, parked_at desc, id desc);
create index dead_letters_newest_by_group_and_state on dead_letters (group_id, state, parked_at desc, id desc);

-- What came of an action is counted out of the index alone.
create index dead_letters_came_of_action on dead_letters (action_id, state, outcome) where action_id is not null;

-- How many letters have both is not to be guessed from how many have each: a few that are parked among many of a kind would be
-- looked for from the newest letter on, through all of them.
create statistics dead_letters_kind_and_state (mcv) on kind, state from dead_letters;
create statistics dead_letters_merchant_and_state (mcv) on merchant_id, state from dead_letters;
create statistics dead_letters_group_and_state (mcv) on group_id, state from dead_letters;
analyze dead_letters;
