/** A bar of at most `width` characters for each count, the longest for the greatest one. */
let bars: (~width: int=?, list((string, int))) => list(string);
