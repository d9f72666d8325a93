exception Unknown(string);

let constants = [("pi", 4. *. atan(1.)), ("e", exp(1.))];

let apply = operator =>
  switch (operator) {
  | Expression.Add => (+.)
  | Subtract => (-.)
  | Multiply => ( *. )
  | Divide => (/.)
  | Power => ( ** )
  };

let rec value =
  fun
  | Expression.Number(n) => n
  | Variable(name) =>
    switch (List.assoc_opt(name, constants)) {
    | Some(n) => n
    | None => raise(Unknown(name))
    }
  | Negate(inner) => -. value(inner)
  | Binary(operator, left, right) => apply(operator, value(left), value(right));
