-- dead_letters_came_of_action does all that it did. For itself, as dropping it waits for whoever reads or writes letters, and lets
-- nobody read or write meanwhile.
drop index dead_letters_action;
