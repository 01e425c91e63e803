"""
The Kimina Lean server's own client (PyPI: kimina-client) against `lakatos serve`: does it get right answers?

    npm run -s lakatos -- serve --port 8000 &
    pip install kimina-client pygments colorama tabulate    # Python 3.12 or newer
    python bench/kimina/client.py http://127.0.0.1:8000

Prints each snippet with the client's own analysis, and exits 1 unless all are as expected. The older route, /verify, is
asked the same, and its answers are read by the older client's rule: valid there is what is valid here.
"""

import os
import sys

import httpx
from kimina_client import KiminaClient, Snippet
from kimina_client.proof_utils import parse_client_response

FOO = "import Mathlib\nset_option maxHeartbeats 400000\nopen Nat\n\n/- \"Obvious.\" -/\n"
EXPECTED = {
    "right": ("valid", FOO + "theorem foo (a b : ℕ) (h : a ≤ b) : a < b + 1 := by\n  omega\n"),
    "calc": ("valid", "theorem foo (a b c : Nat) (h : a = b) (k : b = c) : a = c :=\n  calc\n    a = b := h\n    _ = c := k\n"),
    "helpers": ("valid", "lemma aux (n : Nat) : n + 0 = n := by\n  simp\n\ntheorem foo (n : Nat) : n = n + 0 := by\n  exact (aux n).symm\n"),
    "wrong": ("lean_error", FOO + "theorem foo (a b : ℕ) : a < b := by\n  omega\n"),
    "wrong helper": ("lean_error", "lemma aux (n : Nat) : n + 1 = n := by\n  simp\n\ntheorem foo (n : Nat) : n = n + 1 := (aux n).symm\n"),
    "sorry": ("sorry", "theorem foo (a b : Nat) : a < b := by\n  sorry\n"),
    "sorry, no statement": ("lean_error", "theorem foo (a b : Natt) : a < b := by\n  sorry\n"),
    "sorry inside": ("lean_error", "theorem foo (a b : Nat) : a < b := by\n  have h : a = b := sorry\n  omega\n"),
    "admit": ("lean_error", "theorem foo : False := by admit"),
    "axiom": ("lean_error", "axiom cheat : False\ntheorem foo : False := cheat"),
    "native_decide": ("lean_error", "theorem foo : 2 + 2 = 4 := by native_decide"),
    "notation": ("lean_error", "notation \"ℕ\" => Unit\ntheorem foo (a b : ℕ) : a = b := rfl"),
    "shadowing": ("lean_error", "theorem foo (m n : Nat) : m = n := Subsingleton.elim _ _\ntheorem b (Nat : Type) [Subsingleton Nat] : True := trivial"),
    "term after a private helper": ("valid", "private lemma aux : 1 = 1 := rfl\n\ntheorem foo : 1 = 1 :=\n  aux\n"),
    "cut off in the statement": ("lean_error", FOO + "theorem foo (a b : ℕ) (h : a ≤"),
    "cut off in the proof": ("lean_error", FOO + "theorem foo (a b : ℕ) (h : a ≤ b) : a < b + 1 := by\n  have h2 : a ≤"),
    "prose": ("lean_error", "Here is the proof:\n```lean4\ntheorem foo : 1 = 1 := rfl\n```\n"),
    "nothing": ("lean_error", ""),
    "definition": ("server_error", "def f := 1\ntheorem foo : f = 1 := rfl"),
}

url = sys.argv[1]
client = KiminaClient(api_url=url)
client.test()  # its own check that `#check Nat` is `Nat : Type`
snippets = [Snippet(id=name, code=code) for name, (_, code) in EXPECTED.items()]
codes = [{"custom_id": snippet.id, "proof": snippet.code} for snippet in snippets]
key = os.getenv("LEAN_SERVER_API_KEY")
headers = {"Authorization": f"Bearer {key}"} if key else {}
answers = httpx.post(f"{url}/verify", json={"codes": codes, "timeout": 300}, headers=headers, timeout=None).json()["results"]
older = {answer["custom_id"]: parse_client_response(answer)["is_valid_no_sorry"] for answer in answers}
wrong = 0
for result in client.check(snippets, show_progress=False).results:
    status = result.analyze().status.value
    expected = EXPECTED[result.id][0]
    right = status == expected and older[result.id] == (expected == "valid")
    wrong += not right
    print(f"{'ok ' if right else 'NOT'} {result.id}: {status}, expected {expected}; older client: {'valid' if older[result.id] else 'not valid'}")
sys.exit(1 if wrong else 0)
