// The body of each kind of panel that our dashboards have.
import { getDisplayProcessor, getFieldDisplayValues, getFieldDisplayName, FieldType } from '@grafana/data';
import { BigValue, Table, TimeSeries, VizRepeater } from '@grafana/ui';
import { Timeline } from './timeline.jsx';

export function Body({ panel, series, failure, width, height, theme, timeRange }) {
  const rows = series.reduce((sum, frame) => sum + frame.length, 0);
  if (failure || !rows) {
    const text = failure || panel.fieldConfig.defaults.noValue || 'No data';
    if (panel.type !== 'stat' || failure) {
      return (
        <div style={{ display: 'grid', placeItems: 'center', height, color: theme.colors.text.secondary }}>{text}</div>
      );
    }
  }
  const Kind = KINDS[panel.type];
  return <Kind {...{ panel, series, width, height, theme, timeRange }} />;
}

function displayed({ panel, series, theme }) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data: series,
    sparkline: false,
    timeZone: 'utc',
  });
}

function Figures(props) {
  const { panel, width, height, theme } = props;
  const { options } = panel;
  return (
    <VizRepeater
      getValues={() => displayed(props)}
      source={props.series}
      renderCounter={1}
      width={width}
      height={height}
      orientation={options.orientation}
      autoGrid
      renderValue={({ value, width, height, count }) => (
        <BigValue
          value={{ ...value.display, title: count > 1 || options.textMode === 'value_and_name' ? value.display.title : '' }}
          textMode={options.textMode}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          wideLayout={options.wideLayout}
          count={count}
          {...{ width, height, theme }}
        />
      )}
    />
  );
}

function Lines({ panel, series, width, height, timeRange }) {
  const { legend } = panel.options;
  return (
    <TimeSeries
      frames={series}
      structureRev={1}
      timeRange={timeRange}
      timeZone="utc"
      legend={legend}
      options={panel.options}
      {...{ width, height }}
    />
  );
}

function Rows({ panel, series, width, height, theme }) {
  const [frame] = series;
  frame.fields.forEach((field) => {
    field.display ??= getDisplayProcessor({ field, theme });
  });
  return (
    <Table
      data={frame}
      initialSortBy={panel.options.sortBy}
      columnMinWidth={panel.fieldConfig.defaults.custom.minWidth}
      cellHeight={panel.options.cellHeight}
      {...{ width, height }}
    />
  );
}

function States({ series, width, height, theme, timeRange, panel }) {
  const tracks = series.map((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    const field = frame.fields.find((each) => each.type !== FieldType.time);
    return { name: getFieldDisplayName(field, frame, series), times: time.values, field };
  });
  return <Timeline {...{ tracks, width, height, theme, timeRange, panel }} />;
}

const KINDS = { stat: Figures, timeseries: Lines, table: Rows, 'state-timeline': States };
