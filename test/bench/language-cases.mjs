// @ts-check
// What a workflow's authors write in conditions, scripts, tasks and tool arguments, and an output to use it on.

/** The fields of a step's output, as JSON. */
export const VARIABLES = {
  status: 'approved',
  severity: 'high',
  attempt: 2,
  score: 0.87,
  limit: 100,
  is_draft: false,
  reviewer: null,
  branch: 'feature/payment-retries',
  summary:
    'Retries failed payments three times, with a growing delay between them, and reports the last error.',
  labels: ['backend', 'payments', 'needs-docs'],
  counts: [3, 14, 15, 9, 26, 5, 35],
  weights: [0.25, 0.5, 0.125, 0.0625],
  author: { name: 'Ada Lovelace', email: 'ada@example.com', teams: ['payments', 'platform'] },
  totals: { errors: 3, warnings: 12, files: 20 },
  files: Array.from({ length: 20 }, (_, i) => ({
    path: `src/module-${i % 5}/file-${i}.ts`,
    language: i % 4 === 3 ? 'markdown' : 'typescript',
    changes: (i * 37) % 90,
    risk: ['low', 'medium', 'high'][i % 3],
    is_new: i % 2 === 0,
    note: i % 5 === 0 ? 'Needs <b>care</b> & time' : null,
  })),
}

/** Valid in Python and for us, with the same results. */
export const EXPRESSIONS = [
  "status == 'approved'",
  "status != 'rejected' and score >= 0.8",
  'score > 0.5 and attempt < 3 and not is_draft',
  "severity in ['high', 'critical']",
  "'payments' in labels",
  "'docs' not in labels and len(labels) > 2",
  'reviewer is None or attempt > 5',
  "totals['errors'] > 0",
  "totals['errors'] + totals['warnings'] <= limit",
  "totals.get('skipped', 0) == 0",
  "author['teams'][0] == 'payments'",
  "files[0]['path'].endswith('.ts')",
  "branch.startswith('feature/') and 'retries' in branch",
  "status.upper() == 'APPROVED'",
  "branch.split('/')[-1].replace('-', ' ')",
  "', '.join(labels)",
  "summary[:40] + '...'",
  'labels[1:]',
  'counts[::-1]',
  'len(summary) > 60',
  'sum(counts) / len(counts)',
  'max(counts) - min(counts)',
  'sorted(counts)[:3]',
  'sorted(labels, reverse=True)[0]',
  'round(score * 100, 1)',
  '(attempt + 1) * 2 ** attempt % 7',
  "f'{status}: {score:.2f} after {attempt} attempts'",
  "'retry' if attempt < 3 else 'give up'",
  "{'status': status, 'errors': totals['errors'], 'ok': score > 0.8}",
  'int(score * 100) // 10 >= 8 and str(attempt).isdigit()',
]

/** Valid in Jinja2 and for us, with the same results. */
export const TEMPLATES = [
  'Review the branch {{ branch }} by {{ author.name }}. Its status is {{ status }}, severity {{ severity }}.',
  `You are a senior reviewer of the team {{ author.teams | first }}.
Summary of the change:
{{ summary }}

Labels: {{ labels | join(', ') }}. Attempt {{ attempt }} of {{ limit }}; score {{ score }}.`,
  `Changed files:
{% for file in files %}- {{ file.path }} ({{ file.language }}): {{ file.changes }} lines, risk {{ file.risk }}
{% endfor %}`,
  `{% for file in files if file.risk == 'high' -%}
{{ loop.index }}. {{ file.path }}{% if file.is_new %} (new){% endif %}
{% else %}Nothing is risky.
{% endfor %}`,
  `{% if score >= 0.9 %}Merge it.{% elif score >= 0.7 and totals.errors < 5 %}Ask {{ reviewer or 'anyone' }} to read it.{% else %}Send it back.{% endif %}`,
  `{% macro row(name, value, unit='') %}| {{ name }} | {{ value }}{{ unit }} |{% endmacro -%}
{{ row('errors', totals.errors) }}
{{ row('warnings', totals.warnings) }}
{{ row('score', score * 100, ' %') }}
{% for file in files[:5] %}{{ row(file.path, file.changes, ' lines') }}
{% endfor %}`,
  `{% set total = counts | sum %}{% set most = counts | max %}Total {{ total }}, most {{ most }}, mean {{ (total / counts | length) | round(2) }}.`,
  `{"branch": {{ branch | tojson }}, "labels": {{ labels | tojson }}, "author": {{ author | tojson }}}`,
  `{{ summary | truncate(60) | upper }} / {{ branch | replace('feature/', '') | title }} / {{ reviewer | default('nobody', true) }}`,
  `{% for group in files | groupby('language') %}{{ group.grouper }}: {{ group.list | map(attribute='changes') | sum }}
{% endfor %}`,
  `{% for key, value in totals.items() %}{{ key }}={{ value }}{% if not loop.last %}, {% endif %}{% endfor %}`,
  `{% set ns = namespace(changes=0) %}{% for file in files %}{% set ns.changes = ns.changes + file.changes %}{% endfor -%}
{{ ns.changes }} lines in {{ files | selectattr('is_new') | list | length }} new files{{ '!' if ns.changes > 500 else '.' }}`,
]
