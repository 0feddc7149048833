// Stands in for the state timeline, which Grafana keeps for itself: a row a series, a bar a state, in the colours and
// words of the field.
export function Timeline({ tracks, width, height, theme, timeRange, panel }) {
  const label = Math.min(220, Math.max(...tracks.map(({ name }) => name.length)) * 7 + 8);
  const legend = 22;
  const row = (height - legend) / tracks.length;
  const from = timeRange.from.valueOf();
  const scale = (width - label) / (timeRange.to.valueOf() - from);
  return (
    <svg width={width} height={height} style={{ font: '12px Inter, sans-serif' }}>
      {tracks.map(({ name, times, field }, index) => (
        <g key={name} transform={`translate(0 ${index * row})`}>
          <text x={label - 6} y={row / 2} dominantBaseline="middle" textAnchor="end" fill={theme.colors.text.primary}>
            {name}
          </text>
          {spans(times, field, timeRange.to.valueOf()).map(({ start, end, value }) => {
            const shown = field.display(value);
            const x = label + (start - from) * scale;
            const wide = Math.max(1, (end - start) * scale);
            return (
              <rect key={start} x={x} y={row * 0.1} width={wide} height={row * 0.8} fill={shown.color} opacity={0.85} />
            );
          })}
        </g>
      ))}
      {words(panel).map(({ text, color }, index) => (
        <g key={text} transform={`translate(${index * 80} ${height - legend + 6})`}>
          <rect width={12} height={12} fill={theme.visualization.getColorByName(color)} />
          <text x={16} y={10} fill={theme.colors.text.secondary}>
            {text}
          </text>
        </g>
      ))}
    </svg>
  );
}

const words = (panel) => (panel.fieldConfig.defaults.mappings ?? []).flatMap(({ options }) => Object.values(options));

/** The stretches of time with the same value; where there is none, nothing is drawn. */
function spans(times, field, until) {
  const found = [];
  times.forEach((at, index) => {
    const value = field.values[index];
    const last = found.at(-1);
    if (last) {
      last.end = Math.min(last.end, at);
    }
    if (value === null || value === undefined) {
      return;
    }
    const end = times[index + 1] ?? until;
    if (last && last.value === value && last.end === at) {
      last.end = end;
    } else {
      found.push({ start: at, end, value });
    }
  });
  return found;
}
