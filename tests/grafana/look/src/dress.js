// What Grafana does to frames before a panel sees them: transformations, then units, thresholds and overrides.
import {
  applyFieldOverrides,
  FieldConfigOptionsRegistry,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

const used = [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer];
standardTransformersRegistry.setInit(() =>
  used.map((each) => ({
    id: each.id,
    name: each.name,
    transformation: async () => each,
    imageDark: '',
    imageLight: '',
  }))
);

const standard = ['unit', 'decimals', 'min', 'max', 'thresholds', 'mappings', 'color', 'links', 'noValue', 'displayName'];
const custom = [
  ...['cellOptions', 'width', 'minWidth', 'align', 'hidden'],
  ...['drawStyle', 'lineWidth', 'lineStyle', 'lineInterpolation', 'fillOpacity', 'showPoints', 'pointSize', 'spanNulls', 'stacking'],
  ...['thresholdsStyle', 'axisSoftMin', 'axisSoftMax', 'axisBorderShow', 'axisPlacement', 'scaleDistribution'],
];

/** The options that an override may set; Grafana's editors register the same ones. */
const registry = new FieldConfigOptionsRegistry(() =>
  [...standard.map((path) => [path, path, false]), ...custom.map((path) => [`custom.${path}`, path, true])].map(
    ([id, path, isCustom]) => ({
      id,
      path,
      isCustom,
      name: id,
      editor: () => null,
      override: () => null,
      process: (value) => value,
      shouldApply: () => true,
      settings: {},
    })
  )
);

const colourModes = { timeseries: 'palette-classic' };

/** JSON has no infinity: the lowest step is written as null, and Grafana puts it back when it loads a dashboard. */
function restored({ defaults, overrides }) {
  const thresholds = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'thresholds'));
  for (const { steps } of [defaults.thresholds, ...thresholds.map(({ value }) => value)]) {
    steps[0].value ??= -Infinity;
  }
}

/** The frames as the panel draws them. */
export async function dressed(panel, made, theme, timeRange) {
  const transformations = (panel.transformations ?? []).map(({ id, options }) => ({ id, options }));
  const series = await lastValueFrom(
    transformDataFrame(transformations, made, { interpolate: (text) => text, timezone: 'utc' })
  );
  const fieldConfig = structuredClone(panel.fieldConfig);
  restored(fieldConfig);
  fieldConfig.defaults.color ??= { mode: colourModes[panel.type] ?? 'thresholds' };
  return applyFieldOverrides({
    data: series,
    fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
    timeRange,
  });
}
