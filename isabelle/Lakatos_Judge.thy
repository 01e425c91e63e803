(* The judge on Isabelle's side, for HOL and whatever shares Pure's application syntax (FOL does not, and cannot be
   merged with this theory): `lakatos.ML` says what is judged and how.

   Arguments are hexadecimal, so nothing of a candidate is ever part of a theory's text. *)

theory Lakatos_Judge
  imports Pure
  keywords "lakatos_judge" "lakatos_inspect" "lakatos_confirm" :: diag
begin

(* `unless_exhausted` handles whatever is raised: no handler of Isabelle's lets an exhausted stack through. *)
declare [[ML_catch_all]]

ML_file \<open>lakatos.ML\<close>

end
