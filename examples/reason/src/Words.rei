/** Words of a text, and how often each is there. */

/** The words in lower case, in the order of the text. An apostrophe inside a word belongs to it. */
let split: string => list(string);

/** Each word with its count: the most frequent first, equally frequent ones by the alphabet. */
let frequencies: list(string) => list((string, int));
