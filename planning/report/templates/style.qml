<qgis version="3.22" styleCategories="Symbology|Labeling|Fields" labelsEnabled="{{ 1 if labels else 0 }}">
  <renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">
    <symbols>
{% if shape == "polygon" %}
      <symbol type="fill" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="{{ fill }}"/>
            <Option type="QString" name="outline_color" value="{{ line }}"/>
            <Option type="QString" name="outline_width" value="0.4"/>
            <Option type="QString" name="outline_style" value="solid"/>
            <Option type="QString" name="style" value="solid"/>
          </Option>
        </layer>
      </symbol>
{% elif shape == "line" %}
      <symbol type="line" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleLine" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="line_color" value="{{ line }}"/>
            <Option type="QString" name="line_width" value="0.6"/>
            <Option type="QString" name="line_style" value="solid"/>
            <Option type="QString" name="capstyle" value="round"/>
          </Option>
          <data_defined_properties>
            <Option type="Map">
              <Option type="QString" name="name" value=""/>
              <Option type="Map" name="properties">
                <Option type="Map" name="outlineWidth">
                  <Option type="bool" name="active" value="true"/>
                  <Option type="QString" name="expression" value="0.2 + 0.1 * sqrt(&quot;pupils&quot;)"/>
                  <Option type="int" name="type" value="3"/>
                </Option>
              </Option>
              <Option type="QString" name="type" value="collection"/>
            </Option>
          </data_defined_properties>
        </layer>
      </symbol>
{% else %}
      <symbol type="marker" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleMarker" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="{{ fill }}"/>
            <Option type="QString" name="outline_color" value="255,255,255,255"/>
            <Option type="QString" name="name" value="circle"/>
            <Option type="QString" name="size" value="{{ size }}"/>
          </Option>
        </layer>
      </symbol>
{% endif %}
    </symbols>
  </renderer-v2>
{% if labels %}
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style fieldName="{{ label }}" fontSize="8" fontFamily="Noto Sans CJK SC" textColor="40,40,40,255">
        <text-buffer bufferDraw="1" bufferSize="0.8" bufferColor="255,255,255,255"/>
      </text-style>
      <placement placement="{{ 0 if shape == 'polygon' else 6 }}"/>
    </settings>
  </labeling>
{% endif %}
  <aliases>
{% for field, alias in aliases.items() %}
    <alias field="{{ field }}" index="{{ loop.index0 }}" name="{{ alias }}"/>
{% endfor %}
  </aliases>
</qgis>
