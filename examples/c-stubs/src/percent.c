#include <caml/alloc.h>
#include <caml/mlvalues.h>
#include <machine/share.h>

value example_percent(value load, value processors)
{
    return Val_int(machine_share(Double_val(load), Int_val(processors)));
}
