/** The text is not an expression; the argument says why. */
exception Error(string);

let parse: string => Expression.t;
