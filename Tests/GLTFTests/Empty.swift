import Testing

@Suite struct GLTFPlaceholder {}
