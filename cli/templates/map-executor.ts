import type { BuiltInTemplate } from './built-in.ts'

/** Actions in the same roles as those of `map-planner`: nothing is written that was not checked, and approved by a person. */
export const mapExecutor: BuiltInTemplate = {
  id: 'map-executor',
  tryWith: "--input 'Write a page that explains how to sign in with a passkey'",
  text: `# A task that six roles carry out together. One change at a time is proposed and checked; one that does not hold is mended; one that
# holds is written once a person has approved exactly that, and then judged before the next one begins.
#
#   decompose ──> orchestrate ──(complete)──> report
#                   ^     └──> act ──> monitor ──(valid)──> predict ──> (somebody approves) write ──> evaluate ─┐
#                   │                    ^  └──(problems)──> repair                                             │
#                   │                    └─────────────────────┘                                                │
#                   └─────────────────────────────────────────────────────────────────────────────────────────────┘
#
#     codemie-ci run <name> --input 'Write a page that explains how to sign in with a passkey'
#     codemie-ci show latest                                # what would be written, and its digest
#     codemie-ci approve latest                             # or: codemie-ci reject latest -m 'Not this file'
#
# The files must be among those that workflows may write, in .codemie/config.yaml:
#
#     policy: { write_paths: [docs/**] }
name: MAP executor
description: Carries a task out change by change, each one checked, and written once a person has approved it.
tags: [execution, approval]
category: approval
parameters:
  changes:
    type: integer
    minimum: 1
    maximum: 20
    default: 5
    description: Most changes that a task is split into
  rules:
    type: string
    minLength: 1
    default: Change as little as possible. Keep to the style of what is there. Leave nothing half done.
    description: What a change has to keep to
on: workflow_dispatch

# What it does to the outside, for those who review a change of it.
permissions:
  contents: write
enable_summarization_node: false

# A change that is never found valid ends here, and not in an endless bill.
recursion_limit: 80

assistants:
  - id: decomposer
    tools: &reading [{ name: read_file }, { name: list_files }, { name: search_files }]
    system_prompt: |
      You split tasks into changes of one file each, in the order in which they are to be made. You change nothing.
  - id: actor
    tools: *reading
    system_prompt: |
      You write one change: the path of a file and all that is to stand in it. You change nothing yourself.
      The rules: <<rules>>
  - id: monitor
    tools: *reading
    system_prompt: |
      You check a change before it is made. The rules: <<rules>>
      It is valid when it keeps to the rules, is complete, and does what was asked for and no more. Name each problem.
  - id: predictor
    system_prompt: |
      You say in two sentences what a change leads to, for the person who has to approve it.
  - id: evaluator
    tools: *reading
    system_prompt: |
      You judge a change that was made, from 0 (worse than before) to 10 (nothing to add), and say why.
  - id: orchestrator
    system_prompt: |
      You keep the changes of a task in view. A change is done when it was made and judged 6 or better.

tools:
  - id: write
    tool: write_file
    tool_args:
      path: "{{ path }}"
      content: "{{ content }}"

states:
  - id: decompose
    assistant_id: decomposer
    task: Split what the user asks for into 1 to <<changes>> changes.
    output_schema: |
      {
        "type": "object",
        "properties": {
          "changes": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": <<changes>> }
        },
        "required": ["changes"]
      }
    next:
      state_id: orchestrate

  - id: orchestrate
    assistant_id: orchestrator
    task: Which change is next? Say that all is complete when none is open, and then leave the change empty.
    output_schema: |
      {
        "type": "object",
        "properties": { "complete": { "type": "boolean" }, "change": { "type": "string" } },
        "required": ["complete", "change"]
      }
    next:
      condition:
        expression: complete == True
        then: report
        otherwise: act

  - id: act
    assistant_id: actor
    resolve_dynamic_values_in_prompt: true
    task: |
      Write this change: {{ change }}
    output_schema: |
      {
        "type": "object",
        "properties": { "path": { "type": "string" }, "content": { "type": "string" } },
        "required": ["path", "content"]
      }
    next:
      state_id: monitor

  - id: monitor
    assistant_id: monitor
    task: Check the latest change.
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
    task: Write the latest change anew, without the problems that were found in it.
    output_schema: |
      {
        "type": "object",
        "properties": { "path": { "type": "string" }, "content": { "type": "string" } },
        "required": ["path", "content"]
      }
    next:
      state_id: monitor

  - id: predict
    assistant_id: predictor
    task: What does the latest change lead to?
    next:
      state_id: write

  - id: write
    tool_id: write
    approval: true
    next:
      state_id: evaluate

  - id: evaluate
    assistant_id: evaluator
    task: Judge the change that was made.
    output_schema: |
      {
        "type": "object",
        "properties": { "score": { "type": "integer", "minimum": 0, "maximum": 10 }, "why": { "type": "string" } },
        "required": ["score", "why"]
      }
    next:
      state_id: orchestrate

  - id: report
    assistant_id: orchestrator
    task: Say as Markdown what was changed, file by file, and what is left to do.
    next:
      state_id: end
`,
  octomind: `# A task that six roles carry out together, as a configuration of Octomind. One change at a time is made, checked, mended where it
# does not hold, and judged, until the orchestrator is content. Nobody is asked: for that there is the CodeMie form of this template.
#
#     codemie-ci run <<name>> --input 'Write a page that explains how to sign in with a passkey'
#
# The files must be among those that workflows may write, in .codemie/config.yaml:
#
#     policy: { write_paths: [docs/**] }

[[workflows]]
name        = "<<name>>"
description = "Carries a task out change by change, each one checked before the next begins."

[[workflows.steps]]
name  = "decompose"
type  = "once"
layer = "<<name>>_decomposer"

[[workflows.steps]]
name          = "make_changes"
type          = "foreach"
parse_pattern = '(?s)<change>(.+?)</change>'

  [[workflows.steps.substeps]]
  name           = "make_change"
  type           = "loop"
  max_iterations = 3
  exit_pattern   = '(?m)^COMPLETE\\b'

    [[workflows.steps.substeps.substeps]]
    name  = "act"
    type  = "once"
    layer = "<<name>>_actor"

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
name  = "report"
type  = "once"
layer = "<<name>>_reporter"

[[layers]]
name        = "<<name>>_decomposer"
description = "Splits the task into changes"
command     = "octomind acp <<name>>_decomposer"
input_mode  = "last"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_actor"
description = "Makes one change"
command     = "octomind acp <<name>>_actor"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_monitor"
description = "Checks a change that was made"
command     = "octomind acp <<name>>_monitor"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_repairer"
description = "Mends a change that was not valid"
command     = "octomind acp <<name>>_repairer"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_predictor"
description = "Says what a change leads to"
command     = "octomind acp <<name>>_predictor"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_evaluator"
description = "Judges a change"
command     = "octomind acp <<name>>_evaluator"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_orchestrator"
description = "Says whether a change is complete"
command     = "octomind acp <<name>>_orchestrator"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[layers]]
name        = "<<name>>_reporter"
description = "Says what was changed"
command     = "octomind acp <<name>>_reporter"
input_mode  = "all"
output_mode = "append"
output_role = "assistant"

[[roles]]
name   = "<<name>>_decomposer"
system = """
You split tasks into 1 to 5 changes of one file each, in the order in which they are to be made. You change nothing.
Answer with the changes and nothing else, each as:
<change>
Task: the task, word for word
Change: the file, and what is to be changed in it
Done when: how one sees that it is done
</change>"""

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_actor"
system = "You make the one change that you are given, and no other. Change as little as possible. Then say which file you changed, and how."

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search", "text_editor"]

[[roles]]
name   = "<<name>>_monitor"
system = """
You check the latest change in the file itself. It is valid when it is complete, fits what is there, and does what was asked for
and no more. You change nothing. Your first line is VALID, or NOT VALID and then each problem on a line of its own."""

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search"]

[[roles]]
name   = "<<name>>_repairer"
system = "You mend the latest change: take the problems that were found out of the file. Then say what you did."

[roles.mcp]
server_refs   = ["filesystem"]
allowed_tools = ["view", "list_files", "content_search", "text_editor"]

[[roles]]
name   = "<<name>>_predictor"
system = "You say in two sentences what the latest change leads to."

[[roles]]
name   = "<<name>>_evaluator"
system = "You judge the latest change for the task as a whole, from 0 (worse than before) to 10 (nothing to add), and say why."

[[roles]]
name   = "<<name>>_orchestrator"
system = """
You say whether the change at hand is done. It is when it was found VALID and nothing was changed since.
Your first line is COMPLETE; or it is OPEN, and then you write the change again, word for word, with what is still wanted, since
that is all that the next round is told."""

[[roles]]
name   = "<<name>>_reporter"
system = "You say as Markdown what was changed, file by file, and what is left to do."
`,
}
