"""jupyter_kernel_test on the kernel `ictal`: run by kernel-kit.test.ts, which installs the kernelspec into JUPYTER_PATH."""

import unittest

import jupyter_kernel_test as kit

RICH = '({{ [Symbol.for("Jupyter.display")]: () => ({{ "{mime}": "{data}", "text/plain": "rich" }}) }})'


def display(mime, data):
    value = RICH.format(mime=mime, data=data)
    return {"code": 'import {{ display }} from "@ictal/jupyter"; display({})'.format(value), "mime": mime}


class IctalKernelTests(kit.KernelTests):
    kernel_name = "ictal"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("oops")'
    completion_samples = [
        {"text": "Math.sqr", "matches": {"sqrt"}},
        {"text": "JSON.pars", "matches": {"parse"}},
    ]
    complete_code_samples = ["1", "const a = 1;", "function f(x: number) { return x * 2 }", "for (const x of [1]) {}"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "const s = `text", "if (true) {"]
    invalid_code_samples = ["const = 1", "let 1x = 2", "}"]
    code_generate_error = 'throw new RangeError("expected")'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "[1, 2].map((x) => x + 1)", "result": "[ 2, 3 ]"},
        {"code": "1+2+3", "result": "6"},
    ]
    code_display_data = [display("text/html", "<b>rich</b>"), display("image/svg+xml", "<svg/>")]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "parseInt"
    code_clear_output = "kernel.clearOutput()"
    code_page_something = "parseInt?"


# Releases before 0.7 have no such class.
if hasattr(kit, "IopubWelcomeTests"):

    class IctalIopubWelcomeTests(kit.IopubWelcomeTests):
        kernel_name = "ictal"
        support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
