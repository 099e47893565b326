internal import COpenBLAS

extension Matrix {
    /// `selfᵀ · self` (columns × columns), both triangles filled.
    package func gram() -> Matrix {
        var product = Matrix(rows: columns, columns: columns)
        guard rows > 0, columns > 0 else { return product }
        let n = columns
        useOneThread()
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, blasint(n), blasint(rows), 1, values, blasint(n), 0,
            &product.values, blasint(n))
        product.values.withUnsafeMutableBufferPointer { p in
            for r in 1..<max(n, 1) { for c in 0..<r { p[r * n + c] = p[c * n + r] } }
        }
        return product
    }

    /// Rows × columns of it, copied.
    package func block(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> Matrix {
        precondition(
            rowRange.upperBound <= rows && columnRange.upperBound <= columns,
            "block \(rowRange) × \(columnRange) of a \(rows)×\(columns) matrix")
        var result: [Double] = []
        result.reserveCapacity(rowRange.count * columnRange.count)
        for r in rowRange {
            result += values[(r * columns + columnRange.lowerBound)..<(r * columns + columnRange.upperBound)]
        }
        return Matrix(rows: rowRange.count, columns: columnRange.count, values: result)
    }
}
