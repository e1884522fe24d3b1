import type { BuiltInTemplate } from './built-in.ts'

/** A plan in six roles, after Webb, Mondal and Momennejad, "A brain-inspired agentic architecture" (2025). Changes nothing. */
export const mapPlanner: BuiltInTemplate = {
  id: 'map-planner',
  tryWith: "--input 'Let users sign in with a passkey'",
  text: `# A plan that six roles make together. The task is split; each part is proposed, checked, thought through and judged, and a
# proposal that does not hold is mended before anything builds on it.
#
#   decompose ──> orchestrate ──(complete)──> plan
#                   ^     └──> act ──> monitor ──(valid)──> predict ──> evaluate ─┐
#                   │                    ^  └──(problems)──> repair               │
#                   │                    └─────────────────────┘                  │
#                   └──────────────────────────────────────────────────────────────┘
#
#     codemie-ci run <name> --input 'Let users sign in with a passkey'
name: MAP planner
description: Splits a task into parts and plans each one, with a check of every proposal, until the plan is complete.
tags: [planning]
category: planning
parameters:
  parts:
    type: integer
    minimum: 2
    maximum: 12
    default: 5
    description: Most parts that a task is split into
  rules:
    type: string
    minLength: 1
    default: Name exact files and functions. Change as little as possible. Say how it is tested.
    description: What a proposal has to keep to
on: workflow_dispatch
enable_summarization_node: false

# A proposal that is never found valid ends here, and not in an endless bill.
recursion_limit: 80

assistants:
  - id: decomposer
    tools: &reading [{ name: read_file }, { name: list_files }, { name: search_files }]
    system_prompt: |
      You split tasks. You change nothing, and you propose nothing yet.
      Each part can be planned by somebody who sees that part and the task alone. What others need comes first.
  - id: actor
    tools: *reading
    system_prompt: |
      You propose how one part of a task is done. You change nothing.
      The rules: <<rules>>
  - id: monitor
    tools: *reading
    system_prompt: |
      You check a proposal before anything builds on it. The rules: <<rules>>
      It is valid when it keeps to the rules, fits the code as it is, and does what its part asks for. Name each problem.
  - id: predictor
    system_prompt: |
      You say what a proposal leads to once it is carried out: what changes for users, what can break, what has to follow.
  - id: evaluator
    system_prompt: |
      You judge how good a proposal is for the task as a whole, from 0 (useless) to 10 (nothing to add), and say why.
  - id: orchestrator
    system_prompt: |
      You keep the parts of a task in view. A part is done when its latest proposal was found valid and judged 6 or better.

states:
  - id: decompose
    assistant_id: decomposer
    task: Split what the user asks for into 2 to <<parts>> parts, in the order in which they are to be done.
    output_schema: |
      {
        "type": "object",
        "properties": {
          "parts": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": <<parts>> }
        },
        "required": ["parts"]
      }
    next:
      state_id: orchestrate

  - id: orchestrate
    assistant_id: orchestrator
    task: Which part is next? Say that all is complete when no part is open, and then leave the part empty.
    output_schema: |
      {
        "type": "object",
        "properties": { "complete": { "type": "boolean" }, "part": { "type": "string" } },
        "required": ["complete", "part"]
      }
    next:
      condition:
        expression: complete == True
        then: plan
        otherwise: act

  - id: act
    assistant_id: actor
    resolve_dynamic_values_in_prompt: true
    task: |
      Propose how this part is done: {{ part }}
    next:
      state_id: monitor

  - id: monitor
    assistant_id: monitor
    task: Check the latest proposal.
    output_schema: |
      {
        "type": "object",
        "properties": {
          "valid": { "type": "boolean" },
          "problems": { "type": "array", "items": { "type": "string" } }
        },
        "required": ["valid", "problems"]
      }
    next:
      condition:
        expression: valid == True
        then: predict
        otherwise: repair

  - id: repair
    assistant_id: actor
    task: Write the latest proposal anew, without the problems that were found in it.
    next:
      state_id: monitor

  - id: predict
    assistant_id: predictor
    task: What does the latest proposal lead to?
    next:
      state_id: evaluate

  - id: evaluate
    assistant_id: evaluator
    task: Judge the latest proposal.
    output_schema: |
      {
        "type": "object",
        "properties": { "score": { "type": "integer", "minimum": 0, "maximum": 10 }, "why": { "type": "string" } },
        "required": ["score", "why"]
      }
    next:
      state_id: orchestrate

  - id: plan
    assistant_id: orchestrator
    task: Write the whole plan as Markdown, part by part, with the latest valid proposal of each and what it leads to.
    next:
      state_id: end
`,
  octomind: `# A plan that six roles make together, as a configuration of Octomind. The task is split; each part is proposed twice, the better
# proposal is checked, mended where it does not hold, thought through and judged, until the orchestrator is content.
#
#     codemie-ci run <<name>> --input 'Let users sign in with a passkey'
#     codemie-ci run --role <<name>>_developer 'Let users sign in with a passkey'

[[workflows]]
name        = "<<name>>"
description = "Splits a task into parts and plans each one, with a check of every proposal, until the plan is complete."

[[workflows.steps]]
name  = "decompose"
type  = "once"
layer = "<<name>>_decomposer"

[[workflows.steps]]
name          = "plan_parts"
type          = "foreach"
parse_pattern = '(?s)<part>(.+?)</part>'

  [[workflows.steps.substeps]]
  name           = "plan_part"
  type           = "loop"
  max_iterations = 4
  exit_pattern   = '(?m)^COMPLETE\\b'

    [[workflows.steps.substeps.substeps]]
    name            = "propose"
    type            = "parallel"
    parallel_layers = ["<<name>>_actor_a", "<<name>>_actor_b"]
    aggregator      = "<<name>>_selector"

    [[workflows.steps.substeps.substeps]]
    name              = "check"
    type              = "conditional"
    layer             = "<<name>>_monitor"
    condition_pattern = '(?m)^VALID\\b'
    on_match          = ["<<name>>_predictor", "<<name>>_evaluator"]
    on_no_match       = ["<<name>>_repairer"]

    [[workflows.steps.substeps.substeps]]
    name  = "orchestrate"
    type  = "once"
    layer = "<<name>>_orchestrator"

[[workflows.steps]]
name  = "write_plan"
type  = "once"
layer = "<<name>>_writer"

# ── Who does what with the session: an actor sees all of it and leaves nothing, so that two can propose side by side ──

[[layers]]
name        = "<<name>>_decomposer"
description = "Splits the task into parts"
command     = "octomind acp <<name>>_decomposer"
input_mode  = "last"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_actor_a"
description = "Proposes how a part is done, with as little change as possible"
command     = "octomind acp <<name>>_actor_a"
input_mode  = "all"
output_mode = "none"
output_role = "assistant"

[[layers]]
name        = "<<name>>_actor_b"
description = "Proposes how a part is done, with the cleanest result"
command     = "octomind acp <<name>>_actor_b"
input_mode  = "all"
output_mode = "none"
output_role = "assistant"

[[layers]]
name        = "<<name>>_selector"
description = "Picks the better of two proposals"
command     = "octomind acp <<name>>_selector"
input_mode  = "last"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_monitor"
description = "Checks a proposal before anything builds on it"
command     = "octomind acp <<name>>_monitor"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_repairer"
description = "Mends a proposal that was not valid"
command     = "octomind acp <<name>>_repairer"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_predictor"
description = "Says what a proposal leads to"
command     = "octomind acp <<name>>_predictor"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_evaluator"
description = "Judges a proposal"
command     = "octomind acp <<name>>_evaluator"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_orchestrator"
description = "Says whether a part is complete"
command     = "octomind acp <<name>>_orchestrator"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_writer"
description = "Writes the whole plan"
command     = "octomind acp <<name>>_writer"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

# ── Roles: prompts and tools. A model of their own is a key 'model' in any of them ──

[[roles]]
name   = "<<name>>_developer"
system = "You are given a plan. Say what of it you would do first, and what you would ask before you begin."
workflow = "<<name>>"

[[roles]]
name   = "<<name>>_decomposer"
system = """
You split tasks into 2 to 5 parts. You change nothing, and you propose nothing yet.
Each part can be planned by somebody who sees that part alone, so repeat the task in it word for word. What others need comes
first. Answer with the parts and nothing else, each as:
<part>
Task: the task, word for word
Part: what is to be done in this part, with exact files and functions
Done when: how one sees that it is done
</part>"""

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_actor_a"
system = "You propose how one part of a task is done, with as little change as possible. You change nothing. Name exact files and functions, and say how it is tested."

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_actor_b"
system = "You propose how one part of a task is done, so that the result is as clean as it can be. You change nothing. Name exact files and functions, and say how it is tested."

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_selector"
system = "You are given two proposals for the same part. Write the better one again, word for word, and before it one sentence that says why it is the better one."

[[roles]]
name   = "<<name>>_monitor"
system = """
You check the latest proposal before anything builds on it. It is valid when it names exact files and functions, fits the code
as it is, says how it is tested, and does what its part asks for.
Your first line is VALID, or NOT VALID and then each problem on a line of its own."""

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_repairer"
system = "You write the latest proposal anew, without the problems that were found in it. Answer with the proposal alone."

[[roles]]
name   = "<<name>>_predictor"
system = "You say what the latest valid proposal leads to once it is carried out: what changes for users, what can break, what has to follow."

[[roles]]
name   = "<<name>>_evaluator"
system = "You judge the latest valid proposal for the task as a whole, from 0 (useless) to 10 (nothing to add), and say why."

[[roles]]
name   = "<<name>>_orchestrator"
system = """
You say whether the part at hand is planned. It is when its latest proposal was found VALID and nothing was changed in it since.
Your first line is COMPLETE; or it is OPEN, and then you write the part again, word for word, with what is still wanted, since
that is all that the next round is told."""

[[roles]]
name   = "<<name>>_writer"
system = "You write the whole plan as Markdown, part by part, with the latest valid proposal of each and what it leads to."
`,
}
