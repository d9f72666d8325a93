open UnitConversion

let all = [ Quantity.make "kg" 1.; Quantity.make "g" 0.001; Quantity.make "lb" 0.45359237 ]
