import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Diagnostic, readWorkflow } from '../../../../schema/index.ts'
import { corpusFiles, corpusText } from '../../../helpers/corpus.ts'
import { OWN_RECORDINGS } from '../../../oracle/recorded.ts'
import { differenceInGraph } from '../../../oracle/schema-functions.ts'
import type { UpstreamGraph } from '../../../oracle/upstream-picture.ts'

const FILE = 'file.yaml'

function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter((one) => one.severity === 'error')
}

/** Verdict and graph of each template as upstream gave them. */
const RECORDED: Readonly<Record<string, { readonly valid: boolean; readonly graph: UpstreamGraph | null }>> =
  JSON.parse(readFileSync(`${OWN_RECORDINGS}template-graphs.json`, 'utf8'))

/** Files of CodeMie's own templates, and what is wrong with those that are refused. */
const TEMPLATES: readonly (readonly [file: string, states: number, errors: readonly string[]])[] = [
  ['aice_java_migration_template.yaml', 7, ['exclusive-keys', 'iter-key-without-target']],
  ['api_gateway_terraform_template.yaml', 5, []],
  ['cobol_migration_template.yaml', 6, []],
  ['csunit-01source-triage_template.yaml', 3, []],
  ['cunit-02coverage_analyzer_template.yaml', 2, []],
  ['github_pr_transform_template.yaml', 1, []],
  ['java-migration_template.yaml', 7, []],
  ['js-99all_in_one_template.yaml', 10, []],
  ['junit-03test_writer_template.yaml', 2, []],
  ['sct_conversion_finisher_template.yaml', 2, []],
  ['serverless-02api_gateway_template.yaml', 2, []],
  ['serverless-99all_in_one_template.yaml', 15, []],
  ['vm_migration_template.yaml', 4, []],
  ['windup-jira-resolver_template.yaml', 4, []],
  ['workflow_autonomous_template.yaml', 0, ['autonomous-mode', 'no-states']],
  ['workflow_branch_comparison_template.yaml', 3, []],
  ['workflow_for_local_api_tests_generation_template.yaml', 6, []],
  ['workflow_interation_with_branches_template.yaml', 7, []],
  ['workflow_iteration_multi_node_template.yaml', 3, []],
  ['workflow_newsletter_generator_template.yaml', 6, []],
  ['workflow_project_kickoff_template.yaml', 3, []],
  ['workflow_python_code_coverage_analysis_template.yaml', 2, []],
  ['workflow_python_reviewer_template.yaml', 4, []],
  ['workflow_sonar_issues_resolver_template.yaml', 4, []],
]

describe.skipIf(corpusFiles().length === 0)(`${TEMPLATES.length} shipped templates`, () => {
  it.each(TEMPLATES)('%s', (file, states, codes) => {
    const text = corpusText(file)
    const { workflow, diagnostics, meta } = readWorkflow({ file, text })
    expect(
      errorsOf(diagnostics)
        .map((error) => error.code)
        .sort(),
    ).toEqual(codes)
    expect(meta.form).toBe('template')
    if (codes.length === 0) expect(workflow?.states.length).toBe(states)
    const recorded = RECORDED[file]
    if (recorded?.valid && recorded.graph) expect(differenceInGraph(workflow, recorded.graph)).toBeUndefined()
  })

  it('are all in the table', () => {
    expect(TEMPLATES.map(([file]) => file)).toEqual(corpusFiles())
  })
})

describe('any mapping', () => {
  const keys = [
    'states',
    'assistants',
    'tools',
    'custom_nodes',
    'id',
    'next',
    'state_id',
    'state_ids',
    'condition',
    'switch',
    'cases',
    'iter_key',
    'assistant_id',
    'config',
    'on',
    'inputs',
    'execution_config',
    'yaml_config',
    'retry_policy',
    'mcp_servers',
    'task',
    'output_schema',
    '__proto__',
  ]
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, 0, 1.5, -1, '', 'a', 'end', '{{x', 'x ==', 'states: [', []),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('node'), { maxKeys: 5 }),
    ),
  })).node

  it('gives a result and never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (document) => {
        const { workflow, diagnostics } = readWorkflow({ file: FILE, text: JSON.stringify(document) })
        expect(workflow !== undefined).toBe(errorsOf(diagnostics).length === 0)
        for (const one of diagnostics) expect(one.line).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
  })
})
