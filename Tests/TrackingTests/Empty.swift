import Testing

@Suite struct TrackingPlaceholder {}
