"""Program in C that applies a network to the samples of its standard input."""

from .compact_network import CompactNetwork

_PROGRAM = """\
#ifdef {macro}_MAIN
/* Reads samples from standard input, numbers separated by spaces, and prints a line for
   each: {printed}. */
#include <stdio.h>

int main(void)
{{
    static float x[{macro}_N_INPUTS];
    for (;;) {{
        for (unsigned i = 0; i < {macro}_N_INPUTS; i++)
            if (scanf("%f", &x[i]) != 1)
                return i > 0 || !feof(stdin);
{body}
        printf("\\n");
    }}
}}
#endif
"""


def example_program(macro: str, name: str, network: CompactNetwork) -> str:
    """Return a `main` that is compiled if a macro is defined.

    Parameters
    ----------
    macro, name : str
        Prefixes of macros and of functions.

    network : CompactNetwork
    """
    if network.classes is None:
        printed = "the risk" if network.target == "risk" else "the target values"
        lines = [
            f"float y[{macro}_N_OUTPUTS];",
            f"{name}_predict(x, y);",
            *_print_all("y", f"{macro}_N_OUTPUTS"),
        ]
    else:
        printed = "the class, its raw outputs and the probabilities"
        lines = [
            f"float scores[{macro}_N_OUTPUTS], proba[{macro}_N_CLASSES];",
            f"{name}_decision_function(x, scores);",
            f"{name}_predict_proba(x, proba);",
            *_print_decision(macro, name, network.multilabel),
            *_print_all("scores", f"{macro}_N_OUTPUTS"),
            *_print_all("proba", f"{macro}_N_CLASSES"),
        ]
        if network.multilabel:
            printed = "its labels, their raw outputs and probabilities"
    body = "\n".join(f"        {line}" for line in lines)
    return _PROGRAM.format(macro=macro, printed=printed, body=body)


def _print_decision(macro, name, multilabel):
    if not multilabel:
        return [f'printf("%d ", {name}_predict(x));']
    return [
        f"uint8_t labels[{macro}_N_CLASSES];",
        f"{name}_predict(x, labels);",
        *_print_all("labels", f"{macro}_N_CLASSES", "%d"),
    ]


def _print_all(array, n, form="%.9g"):
    return [
        f"for (unsigned j = 0; j < {n}; j++)",
        f'    printf("{form} ", {array}[j]);',
    ]
