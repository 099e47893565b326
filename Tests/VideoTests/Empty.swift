import Testing

@Suite struct VideoPlaceholder {}
