import { forwardRef } from 'react';

/** Stands in for react-custom-scrollbars-2. */
export const Scrollbars = forwardRef(function Scrollbars({ children, style }, ref) {
  return (
    <div ref={ref} style={{ overflow: 'auto', width: '100%', height: '100%', ...style }}>
      {children}
    </div>
  );
});

export default Scrollbars;
