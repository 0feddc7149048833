// Prometheus' HTTP API as Grafana's data source reads it: variables filled in, answers made into data frames.
import { FieldType, toDataFrame } from '@grafana/data';

const number = (text) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

async function get(path, parameters) {
  const answer = await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') {
    throw new Error(`${body.error} in ${parameters.query}`);
  }
  return body.data;
}

/**
 * The value of every variable, as PromQL wants it: {name: text}. `chosen` are those that the caller fixes: by their name
 * where one value must be chosen, and as «board.name» where else all of them are.
 */
export async function variables(board, chosen, range) {
  const values = {};
  for (const variable of board.templating.list) {
    const name = variable.name;
    if (variable.type === 'datasource') {
      values[name] = 'prometheus';
    } else if (variable.type === 'textbox') {
      values[name] = variable.query;
    } else if (variable.includeAll) {
      values[name] = chosen[`${board.uid.replace('marginwatch-', '')}.${name}`] ?? variable.allValue;
    } else if (chosen[name]) {
      values[name] = chosen[name];
    } else {
      const [, metric, label] = /^label_values\((.*), *(\w+)\)$/.exec(variable.query);
      const match = filled(metric, values, range);
      const found = await get(`label/${label}/values`, { 'match[]': match, start: range.from, end: range.to });
      values[name] = found[0] ?? '';
    }
  }
  return values;
}

/** An expression with Grafana's variables filled in. */
export function filled(expression, values, range) {
  const own = { __rate_interval: '20s', __range: `${Math.round(range.to - range.from)}s`, ...values };
  return expression.replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, braced, bare) => own[braced ?? bare] ?? whole);
}

const legend = (format, labels) => format.replace(/\{\{ *(\w+) *\}\}/g, (_, name) => labels[name] ?? '');

/** All frames of a panel's queries. */
export async function frames(panel, values, range) {
  const made = [];
  for (const target of panel.targets) {
    const query = filled(target.expr, values, range);
    if (target.format === 'table') {
      made.push(tableFrame(target, await get('query', { query, time: range.to }), panel.targets.length > 1, range));
    } else if (target.instant) {
      const { result } = await get('query', { query, time: range.to });
      made.push(...result.map((each) => seriesFrame(target, each.metric, [each.value])));
    } else {
      const step = Math.max(5, Math.round((range.to - range.from) / 400));
      const { result } = await get('query_range', { query, start: range.from, end: range.to, step });
      made.push(...result.map((each) => seriesFrame(target, each.metric, withGaps(each.values, step))));
    }
  }
  return made;
}

/** A point without a value after each that is followed by a gap, so that no line crosses it. */
function withGaps(points, step) {
  return points.flatMap((point, index) => {
    const next = points[index + 1];
    return next && next[0] - point[0] > 1.5 * step ? [point, [point[0] + step, null]] : [point];
  });
}

function seriesFrame(target, labels, points) {
  const name = legend(target.legendFormat ?? '', labels);
  const values = points.map(([, text]) => (text === null ? null : number(text)));
  return toDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, values: points.map(([at]) => at * 1000), config: {} },
      { name: 'Value', type: FieldType.number, values, labels, config: name ? { displayNameFromDS: name } : {} },
    ],
  });
}

function tableFrame(target, data, several, range) {
  const { result } = data;
  const names = [...new Set(result.flatMap((each) => Object.keys(each.metric)))].sort();
  const value = several ? `Value #${target.refId}` : 'Value';
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: result.map(() => range.to * 1000), config: {} },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        values: result.map((each) => each.metric[name] ?? ''),
        config: {},
      })),
      { name: value, type: FieldType.number, values: result.map((each) => number(each.value[1])), config: {} },
    ],
  });
}
