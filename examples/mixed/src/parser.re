open Lexer;

exception Error(string);

let fail = tokens =>
  switch (tokens) {
  | [] => raise(Error("the expression ends too early"))
  | [Number(n), ..._] => raise(Error(Printf.sprintf("unexpected number %g", n)))
  | [Name(name), ..._] => raise(Error("unexpected name " ++ name))
  | [Symbol(c), ..._] => raise(Error(Printf.sprintf("unexpected %c", c)))
  };

/* Operators that bind alike, applied from the left. */
let rec chain = (operators, operand, tokens) => {
  let rec go = ((left, rest)) =>
    switch (rest) {
    | [Symbol(c), ...more] when List.mem_assoc(c, operators) =>
      let (right, rest) = operand(more);
      go((Expression.Binary(List.assoc(c, operators), left, right), rest));
    | _ => (left, rest)
    };
  go(operand(tokens));
}

and sum = tokens => chain([('+', Expression.Add), ('-', Expression.Subtract)], product, tokens)

and product = tokens =>
  chain([('*', Expression.Multiply), ('/', Expression.Divide)], power, tokens)

and power = tokens => {
  let (base, rest) = atom(tokens);
  switch (rest) {
  | [Symbol('^'), ...rest] =>
    let (exponent, rest) = power(rest);
    (Expression.Binary(Expression.Power, base, exponent), rest);
  | _ => (base, rest)
  };
}

and atom = tokens =>
  switch (tokens) {
  | [Number(n), ...rest] => (Expression.Number(n), rest)
  | [Name(name), ...rest] => (Expression.Variable(name), rest)
  | [Symbol('-'), ...rest] =>
    let (inner, rest) = power(rest);
    (Expression.Negate(inner), rest);
  | [Symbol('('), ...rest] =>
    switch (sum(rest)) {
    | (inner, [Symbol(')'), ...rest]) => (inner, rest)
    | (_, rest) => fail(rest)
    }
  | tokens => fail(tokens)
  };

let parse = text =>
  switch (sum(tokens(text))) {
  | (expression, []) => expression
  | (_, rest) => fail(rest)
  | exception (Unexpected({position, character})) =>
    raise(Error(Printf.sprintf("unexpected %c at position %d", character, position)))
  };
