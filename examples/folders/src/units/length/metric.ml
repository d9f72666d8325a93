open UnitConversion

let all = [ Quantity.make "m" 1.; Quantity.make "cm" 0.01; Quantity.make "km" 1000. ]
