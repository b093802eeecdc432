"""Opens layers in QGIS and prints what it makes of them as JSON; run by Debian's own Python, which has QGIS's bindings."""

import json
import sys


def main() -> None:
    from qgis.core import QgsApplication, QgsVectorLayer  # only there where QGIS is

    application = QgsApplication([], False)
    application.initQgis()
    said = []
    for source in sys.argv[1:]:
        layer = QgsVectorLayer(source, "layer", "ogr")
        named = layer.fields().indexOf("name") >= 0
        said.append(
            {
                "valid": layer.isValid(),
                "features": layer.featureCount(),
                "renderer": layer.renderer().type(),
                "legend": [item.label() for item in layer.renderer().legendSymbolItems()],
                "aliases": [field.alias() for field in layer.fields()],
                "labels": layer.labelsEnabled(),
                "crs": layer.crs().authid(),
                "names": [str(feature.attribute("name")) for feature in layer.getFeatures()] if named else [],
            }
        )
        del layer
    print(json.dumps(said), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
